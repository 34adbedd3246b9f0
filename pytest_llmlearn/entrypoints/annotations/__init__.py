"""The face to CI: what a run recorded, marked at its lines in the words of each CI.

One file a format; each writer is a function of annotations, and `publish` alone touches the world.
"""

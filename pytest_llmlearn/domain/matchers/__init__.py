"""Recognisers: one room for each kind of matcher. A recogniser reads matchers of its kind over what is known of a text.

They are pure: what exists in the project's interpreter is asked of the `hookspecs.Surroundings` that is handed in.
"""

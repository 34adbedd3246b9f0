"""Faces: each translates one outside language into calls on `Memory`, and back."""

"""Matchers derived from what was learned: one room for each kind of evidence. All of it is pure."""

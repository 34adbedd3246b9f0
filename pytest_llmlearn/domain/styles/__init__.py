"""The styles in which an answer is worded, one module each; `guidance_text` fits them into a budget.

A style says nothing of its own about code: it words what a match and its lesson hold. Invariant of every style: what
anyone could have written into a test stands on one line inside a sentence, or inside a fence or a code span that it
cannot end; it begins no line of its own, so that it can pass for no heading and no other lesson.
"""

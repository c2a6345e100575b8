"""Fits the learned parts: the rater on photographs, the scorer and the edits on the generator's own pictures."""

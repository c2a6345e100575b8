"""Training of the learned parts: the rater on photographs, the others on the generator's own pictures."""

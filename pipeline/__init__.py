"""Photo in, photo out: faces, alignment, inversion, score, edits and stitching."""

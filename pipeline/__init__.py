"""Photo in, photo out: faces, alignment, inversion, score, edits and stitching."""

from retouchml.system.waiting import spin_briefly

spin_briefly()  # here, since it counts only before torch is imported

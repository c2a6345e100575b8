"""Photo in, photo out: faces, alignment, inversion, score, edits and stitching."""

from retouchml.system.surroundings import load_torch_elsewhere
from retouchml.system.waiting import spin_briefly

spin_briefly()  # here, since it counts only before torch is imported
load_torch_elsewhere()

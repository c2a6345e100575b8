"""Photo in, photo out: faces, alignment, inversion, score, edits and stitching."""

import retouchml  # noqa: F401 - settles, before anything loads ONNX Runtime, that it reports to nobody

"""How far each shape slider, and each that moves the head, at its ends bends straight lines behind a head.

    python -m benchmarks.shape_bend [PICTURE...]

The largest face of each picture is cut out and put before a grating. Needs no inversion.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from benchmarks.quality.backgrounds import bend_of_gratings
from benchmarks.strips import PORTRAIT, SECOND_PORTRAIT
from pipeline.local_face import face_crop
from pipeline.pictures import read_picture
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.errors import RetouchError
from retouchml.sliders import BY_NAME, PITCH, ROLL, SHAPE, YAW, in_group


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.shape_bend", allow_abbrev=False)
    parser.add_argument(
        "pictures", nargs="*", type=Path, default=[PORTRAIT, SECOND_PORTRAIT], metavar="PICTURE"
    )
    arguments = parser.parse_args()
    sys.stdout.write("displacement in % of the face, at each end\n")
    try:
        retoucher = Retoucher()
        for path in arguments.pictures:
            pixels = read_picture(path).pixels
            photo = retoucher.open(pixels)
            if not photo.faces:
                parser.error(f"no face was found in {path}")
            landmarks = np.array(photo.faces[0].landmarks)
            crop, alignment = face_crop(pixels, landmarks)
            points = alignment.to_crop(landmarks)
            sys.stdout.write(f"{path.stem}\n")
            for slider in (*in_group(SHAPE), *(BY_NAME[name] for name in (YAW, PITCH, ROLL))):
                ends = (
                    bend_of_gratings(crop, points, Look(0.0, edits={slider.name: value}), retoucher)
                    for value in (slider.low, slider.high)
                )
                sys.stdout.write(f"  {slider.name:14}" + "".join(f"{end:7.2f}" for end in ends) + "\n")
    except RetouchError as error:
        sys.stderr.write(error.explain() + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

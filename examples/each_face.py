"""Gives each face of a picture a look of its own: the largest is retouched more, the others less and smile.

.venv/bin/python examples/each_face.py group.jpg retouched.jpg
"""

import sys

from retouchml import Look, Retoucher, read_picture, write_picture
from retouchml.errors import RetouchError

LARGEST = Look(strength=0.7, texture=0.8)
OTHERS = Look(strength=0.4, edits={"smile": 0.3})


def main(source: str, target: str) -> None:
    """Retouch ``source`` and write ``target``, in the format that its ending names."""
    picture = read_picture(source)
    photo = Retoucher().open(picture.pixels, icc=picture.icc)
    # faces are numbered from the largest to the smallest
    looks = {number: OTHERS if number else LARGEST for number in range(len(photo.faces))}
    patches = photo.render(looks)
    for report in photo.report(patches):
        print(f"face {report.face}: identity distance {report.identity_distance:.2f}")
    write_picture(target, picture, photo.apply(patches))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} SOURCE TARGET")
    try:
        main(*sys.argv[1:])
    except RetouchError as error:
        sys.exit(error.explain())

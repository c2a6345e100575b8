"""A strip of pictures for each slider: the same face at the slider's lowest, middle and highest value.

    python -m benchmarks.strips [--output FOLDER] [--slider NAME]... [PICTURE...]
    python -m benchmarks.strips --overview FILE [PICTURE...]

Every other slider is at 0, so that a strip shows its own slider alone; ``strength`` takes with it what
follows it, and ``texture`` is shown where it acts, on a face at full strength. The strips of docs/controls.md
are made without further options, of two portraits in the public domain. Only pictures that anyone may publish
belong there. The overview is README's first picture: the photographs, the default look, and strength 1.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.photo import Photo
from pipeline.pictures import read_picture
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.errors import RetouchError
from retouchml.results import Face
from retouchml.sliders import BY_NAME, EDITS, PATH, SKIN, SLIDERS, STRENGTH, TEXTURE, Slider, in_group

TOP = Path(__file__).parents[1]
PORTRAIT = TOP / "pipeline" / "portrait" / "astronaut.png"
SECOND_PORTRAIT = TOP / "docs" / "pictures" / "originals" / "grace-hopper.jpg"
OUTPUT = TOP / "docs" / "pictures" / "controls"
PANEL, WIDE_PANEL = 240, 420  # pixels of a panel's width in a strip, and in the overview

_GAP, _LABEL = 4, 18  # pixels between panels, and of the line below them
_QUALITY = 85  # of JPEG


@dataclass(frozen=True)
class Part:
    """A part of the face that a panel shows.

    points: its landmarks; margin: a panel's width as a share of their longer side; height: a panel's, as a
    share of its width
    """

    points: tuple[int, ...]
    margin: float
    height: float = 1.0


_HEAD = Part(tuple(range(68)), 1.7)
_BEHIND = Part(tuple(range(68)), 2.8)  # what is seen behind it, too
_SKIN = Part(tuple(range(68)), 1.25)
_EYES = Part((*range(17, 27), *range(36, 48)), 1.2, 0.5)
_LIDS = Part((*range(36, 48), 30), 1.3, 0.5)
_MOUTH = Part(tuple(range(48, 68)), 1.3, 0.6)
_NOSE = Part(tuple(range(27, 36)), 2.2)
_PARTS = {
    **{slider.name: _SKIN for slider in (*in_group(PATH), *in_group(SKIN))},
    "under_eyes": _LIDS,
    "roll": _BEHIND,
    **dict.fromkeys(("eye_whites", "irises", "brows_definition", "eye_size", "eyes"), _EYES),
    **dict.fromkeys(("brows", "gaze"), _EYES),
    **dict.fromkeys(("teeth", "lips", "lip_fullness"), _MOUTH),
    **dict.fromkeys(("nose_width", "nose_length"), _NOSE),
}

Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]


def values_of(slider: Slider) -> tuple[float, float, float]:
    """The three values that are shown."""
    return slider.low, (slider.low + slider.high) / 2, slider.high


def look_of(slider: Slider, value: float) -> Look:
    """The look that shows one slider alone."""
    if slider.name == STRENGTH:
        return Look(value)
    off = {each.name: 0.0 for each in EDITS if each.full is not None}
    base = Look(1.0 if slider.name == TEXTURE else 0.0, edits=off)
    return base.with_values({slider.name: value})


def box_of(slider: Slider, face: Face, width: int, height: int) -> Box:
    """The box x0, y0, x1, y1 in a picture of that size that shows what the slider changes."""
    part = _PARTS.get(slider.name, _HEAD)
    points = np.array([face.landmarks[number] for number in part.points])
    low, high = points.min(0), points.max(0)
    wide = min(float((high - low).max()) * part.margin, width, height / part.height)
    size = (int(wide), int(wide * part.height))
    x, y = (
        round(min(max(0.0, middle - side / 2), limit - side))
        for middle, side, limit in zip((low + high) / 2, size, (width, height), strict=True)
    )
    return x, y, x + size[0], y + size[1]


def strip(panels: Sequence[Pixels], labels: Sequence[str], panel_width: int = PANEL) -> Pixels:
    """Panels [h, w, 3] of one shape side by side, each with its label below, on white."""
    height = round(panel_width * panels[0].shape[0] / panels[0].shape[1])
    width = len(panels) * (panel_width + _GAP) - _GAP
    canvas = Image.new("RGB", (width, height + _LABEL), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
    for place, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        left = place * (panel_width + _GAP)
        method = cv2.INTER_AREA if panel.shape[1] > panel_width else cv2.INTER_CUBIC
        resized = np.asarray(cv2.resize(panel, (panel_width, height), interpolation=method), np.uint8)
        canvas.paste(Image.fromarray(resized), (left, 0))
        draw.text((left + panel_width / 2, height + _LABEL / 2), label, fill="black", font=font, anchor="mm")
    return np.asarray(canvas)


def slider_strip(slider: Slider, photos: Sequence[tuple[Pixels, Photo]]) -> Pixels:
    """The strips of one slider on the largest face of each photo, one below the other."""
    values = values_of(slider)
    looks = [look_of(slider, value) for value in values]
    labels = [f"{slider.name} {value:g}" for value in values]
    return np.vstack([strip(_panels(slider, pixels, photo, looks), labels) for pixels, photo in photos])


def overview(photos: Sequence[tuple[Pixels, Photo]]) -> Pixels:
    """Each photo as it is, with the default look and at strength 1, one row a photo."""
    looks = [Look(0.0), Look(), Look(1.0)]
    labels = ["photograph", f"strength {looks[1].strength:g}, the default", "strength 1"]
    slider = BY_NAME[STRENGTH]
    return np.vstack([strip(_panels(slider, *photo, looks), labels, WIDE_PANEL) for photo in photos])


def _panels(slider: Slider, pixels: Pixels, photo: Photo, looks: Sequence[Look]) -> list[Pixels]:
    """What a slider changes of the largest face, with each look."""
    left, top, right, bottom = box_of(slider, photo.faces[0], pixels.shape[1], pixels.shape[0])
    return [
        np.asarray(photo.apply(photo.render({0: look}))[top:bottom, left:right, :3], np.uint8)
        for look in looks
    ]


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.strips", allow_abbrev=False)
    parser.add_argument(
        "pictures", nargs="*", type=Path, default=[PORTRAIT, SECOND_PORTRAIT], metavar="PICTURE"
    )
    parser.add_argument("--overview", type=Path, metavar="FILE", help="make this picture alone")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FOLDER")
    parser.add_argument("--slider", action="append", choices=sorted(BY_NAME), metavar="NAME")
    arguments = parser.parse_args()
    try:
        retoucher = Retoucher()
        photos = []
        for path in arguments.pictures:
            picture = read_picture(path)
            pixels = np.asarray(picture.pixels)
            if pixels.dtype != np.uint8 or pixels.ndim != 3:
                parser.error(f"{path} is not a colour picture of 8 bits")
            photo = retoucher.open(pixels, icc=picture.icc)
            if not photo.faces:
                parser.error(f"no face was found in {path}")
            photos.append((pixels, photo))
    except RetouchError as error:
        print(error.explain(), file=sys.stderr)
        return 1
    if arguments.overview:
        _save(overview(photos), arguments.overview)
        return 0
    arguments.output.mkdir(parents=True, exist_ok=True)
    for slider in SLIDERS:
        if arguments.slider and slider.name not in arguments.slider:
            continue
        _save(slider_strip(slider, photos), arguments.output / f"{slider.name}.jpg")
    return 0


def _save(picture: Pixels, target: Path) -> None:
    Image.fromarray(picture).save(target, quality=_QUALITY, optimize=True)
    print(target)


if __name__ == "__main__":
    sys.exit(main())

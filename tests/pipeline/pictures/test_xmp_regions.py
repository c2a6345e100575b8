"""The places of faces in XMP are turned with the picture, or left out and that is said."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import read_picture
from pipeline.pictures.pixels import upright
from pipeline.pictures.xmp_regions import turned
from tests.pipeline.pictures.samples import EXIF_PREFIX, encoded, exif, ramp

WIDTH, HEIGHT = 200, 100
LEFT, TOP, RIGHT, BOTTOM = 20, 30, 60, 90  # of the face, in pixels as stored
PLACES = (0.2, 0.6, 0.2, 0.6)  # the same as centre, width, height
LEFT_OUT = "Places of faces in the XMP data were left out, as the picture was turned."
_SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" '
    'xmlns:Iptc="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)


def packet(content: str) -> bytes:
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_SPACES}><rdf:Description>{content}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def mwg(area: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    w, h = size
    return packet(
        '<mwg-rs:Regions rdf:parseType="Resource">'
        f'<mwg-rs:AppliedToDimensions stDim:w="{w}" stDim:h="{h}" stDim:unit="pixel"/>'
        '<mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face">'
        f"{area}</rdf:Description></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )


def as_attributes(x: object = 0.2, y: object = 0.6, unit: str = "normalized") -> str:
    return f'<mwg-rs:Area stArea:x="{x}" stArea:y="{y}" stArea:w="0.2" stArea:h="0.6" stArea:unit="{unit}"/>'


def as_elements() -> str:
    values = zip("xywh", PLACES, strict=True)
    inner = "".join(f"<stArea:{name}>{value}</stArea:{name}>" for name, value in values)
    return f'<mwg-rs:Area rdf:parseType="Resource">{inner}</mwg-rs:Area>'


def microsoft(rectangle: str) -> bytes:
    return packet(
        '<MP:RegionInfo rdf:parseType="Resource"><MPReg:Regions><rdf:Bag>'
        f'<rdf:li MPReg:Rectangle="{rectangle}" MPReg:PersonDisplayName="Ada"/>'
        "</rdf:Bag></MPReg:Regions></MP:RegionInfo>"
    )


def numbers(data: bytes, *patterns: str) -> list[float]:
    found = []
    for pattern in patterns:
        match = re.search(pattern.encode(), data)
        assert match, (pattern, data)
        found.append(float(match[1]))
    return found


def expected(orientation: int) -> list[float]:
    """Centre, width and height of the face in the picture as it is seen, from its pixels."""
    pixels: Any = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    pixels[TOP:BOTTOM, LEFT:RIGHT] = 1
    seen = upright(pixels, orientation)[..., 0]
    rows, columns = np.nonzero(seen)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    height, width = seen.shape
    return [
        (left + right) / 2 / width,
        (top + bottom) / 2 / height,
        (right - left) / width,
        (bottom - top) / height,
    ]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("form", [as_attributes, as_elements])
def test_areas_are_turned_as_the_pixels_are(orientation: int, form: Any) -> None:
    places = turned(mwg(form()), orientation, WIDTH, HEIGHT)
    mark = '="([^"]+)"' if form is as_attributes else ">([^<]+)<"
    seen = numbers(places.packet, *(f"stArea:{name}{mark}" for name in "xywh"))
    assert seen == pytest.approx(expected(orientation), abs=1e-5)
    assert (places.turned, places.left_out) == (True, False)
    size = (HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT)
    assert tuple(numbers(places.packet, 'stDim:w="([^"]+)', 'stDim:h="([^"]+)')) == size
    assert b'mwg-rs:Name="Ada"' in places.packet


@pytest.mark.parametrize("orientation", range(2, 9))
def test_rectangles_are_turned_as_the_pixels_are(orientation: int) -> None:
    places = turned(microsoft("0.1, 0.3, 0.2, 0.6"), orientation, WIDTH, HEIGHT)
    number = r"([-\d.]+)"
    left, top, width, height = (
        numbers(places.packet, 'Rectangle="' + ", ".join([r"[-\d.]+"] * n + [number]))[0] for n in range(4)
    )
    seen = [left + width / 2, top + height / 2, width, height]
    assert seen == pytest.approx(expected(orientation), abs=1e-5)


def test_a_point_without_a_size_is_turned() -> None:
    places = turned(mwg('<mwg-rs:Area stArea:x="0.2" stArea:y="0.6"/>'), 6, WIDTH, HEIGHT)
    assert numbers(places.packet, 'stArea:x="([^"]+)', 'stArea:y="([^"]+)') == pytest.approx([0.4, 0.2])


def test_places_in_the_picture_as_it_is_seen_stay() -> None:
    given = mwg(as_attributes(), size=(HEIGHT, WIDTH))
    assert turned(given, 6, WIDTH, HEIGHT).packet == given


@pytest.mark.parametrize(
    "given",
    [
        mwg(as_attributes(unit="pixel")),
        mwg(as_attributes(x="far")),
        mwg(as_attributes(x="nan")),
        mwg(as_attributes(x="1e9")),
        mwg('<mwg-rs:Area stArea:x="0.5"/>'),
        microsoft("0.1, 0.3, 0.2"),
        microsoft("0.1, 0.3, 0.2, wide"),
        packet('<Iptc:ImageRegion rdf:parseType="Resource"><Iptc:rbX>0.2</Iptc:rbX></Iptc:ImageRegion>'),
    ],
)
def test_places_in_another_form_are_left_out(given: bytes) -> None:
    places = turned(given, 6, WIDTH, HEIGHT)
    assert (places.turned, places.left_out) == (False, True)
    for word in (b"Area", b"Rectangle", b"rbX"):
        assert word not in places.packet.split(b"<rdf:Description>", 1)[1]


@pytest.mark.parametrize("given", [packet("<mwg-rs:Regions/>"), packet(""), b"<no packet"])
def test_a_packet_without_places_stays(given: bytes) -> None:
    assert turned(given, 6, WIDTH, HEIGHT) == (given, False, False)


@pytest.mark.parametrize(
    ("orientation", "unit", "x", "notes"),
    [(1, "pixel", "0.2", ()), (6, "normalized", "0.4", ()), (6, "pixel", None, (LEFT_OUT,))],
)
def test_a_turned_jpeg_has_turned_places(
    tmp_path: Path, orientation: int, unit: str, x: str | None, notes: tuple[str, ...]
) -> None:
    given = mwg(as_attributes(unit=unit))
    data = encoded(ramp(3, np.uint8), "JPEG", xmp=given, exif=EXIF_PREFIX + exif(orientation))
    (tmp_path / "a.jpg").write_bytes(data)
    seen = read_picture(tmp_path / "a.jpg")
    assert seen.notes == notes
    assert seen.metadata.xmp is not None
    assert (f'stArea:x="{x}"'.encode() in seen.metadata.xmp) == (x is not None)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_file_whose_decoder_turns_it_has_turned_places(tmp_path: Path, orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.from_pillow(Image.fromarray(ramp(3, np.uint8, HEIGHT, WIDTH)))
    heif.info["exif"], heif.info["xmp"] = EXIF_PREFIX + exif(orientation), mwg(as_attributes())
    stream = BytesIO()
    heif.save(stream)
    (tmp_path / "a.heic").write_bytes(stream.getvalue())
    seen = read_picture(tmp_path / "a.heic")
    assert seen.notes == ()
    assert seen.metadata.xmp is not None
    places = numbers(seen.metadata.xmp, *(f'stArea:{name}="([^"]+)"' for name in "xywh"))
    assert places == pytest.approx(expected(orientation), abs=1e-5)

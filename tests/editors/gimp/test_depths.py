"""Every depth that GIMP has, with a daemon whose retouch turns colours around in no time."""

import pytest

from tests.editors.gimp.running import Gimp
from tests.editors.large_face import ENGINE


@pytest.fixture
def engine() -> str:
    """One large face."""
    return ENGINE


@pytest.mark.parametrize(
    ("precision", "babl", "pixel_bytes"),
    [
        ("U8_LINEAR", "RGBA u8", 4),
        ("U16_NON_LINEAR", "R'G'B'A u16", 8),
        ("U16_LINEAR", "RGBA u16", 8),
        ("HALF_NON_LINEAR", "R'G'B'A half", 8),
        ("FLOAT_LINEAR", "RGBA float", 16),
        # GIMP itself composes layers in linear floats, which costs these their last bits
        ("FLOAT_NON_LINEAR", "R'G'B'A u16", 8),
        ("U32_NON_LINEAR", "R'G'B'A u16", 8),
        ("DOUBLE_LINEAR", "RGBA float", 16),
    ],
)
def test_each_depth_keeps_its_values_outside_the_patch(
    editor: Gimp, precision: str, babl: str, pixel_bytes: int
) -> None:
    found = editor.run(f"""
image = load()
image.convert_precision(Gimp.Precision.{precision})
base = image.get_layers()[0]
own, before = pixels(base), seen(image, {babl!r})
outcome = beautify(base)
after = seen(image, {babl!r})
answer = [outcome, pixels(base) == own, image.get_precision().value_nick, box(image.get_layers()[0]),
          differences(before, after, image.get_width(), {pixel_bytes})]
""")
    outcome, untouched, nick, box, (count, changed) = found
    assert outcome[:2] == [True, ""]
    assert untouched
    assert nick == precision.lower().replace("_", "-")
    assert count > 60000  # the whole patch
    assert box[0] <= changed[0] < changed[2] <= box[2]
    assert box[1] <= changed[1] < changed[3] <= box[3]


@pytest.mark.parametrize(
    ("precision", "own"),
    [
        ("U16_LINEAR", "RGB u16"),
        ("U32_NON_LINEAR", "R'G'B' u32"),
        ("FLOAT_NON_LINEAR", "R'G'B' float"),
        ("DOUBLE_LINEAR", "RGB double"),
    ],
)
def test_replacing_changes_no_bit_outside_the_patch(editor: Gimp, precision: str, own: str) -> None:
    found = editor.run(f"""
image = load()
image.convert_precision(Gimp.Precision.{precision})
base = image.get_layers()[0]
# values that no shorter number holds
base.get_buffer().set(Gegl.Rectangle.new(0, 0, 512, 1), "R'G'B' double",
                      struct.pack("1536d", *(0.1 + n / 7919 for n in range(1536))))
before = pixels(base, {own!r})
outcome = beautify(base, output="replace")
after = pixels(base, {own!r})
answer = [outcome, differences(before, after, 512, len(before) // 512**2)]
""")
    assert found[0][:2] == [True, ""]
    count, box = found[1]
    assert count > 60000
    assert box == [128, 128, 384, 384]

"""Every depth that GIMP has, with a daemon whose retouch turns colours around in no time."""

import numpy as np
import pytest

from tests.daemon.running import until
from tests.editors.gimp.dialog_driver import press, window
from tests.editors.gimp.running import Gimp
from tests.stand_in_backend import LARGE_FACE


@pytest.fixture
def backend() -> str:
    """One large face."""
    return LARGE_FACE


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
    answer = editor.run(f"""
image = load()
image.convert_precision(Gimp.Precision.{precision})
base = image.get_layers()[0]
own, before = pixels(base), seen(image, {babl!r})
outcome = beautify(base)
after = seen(image, {babl!r})
answer = [outcome, pixels(base) == own, image.get_precision().value_nick, box(image.get_layers()[0]),
          differences(before, after, image.get_width(), {pixel_bytes})]
""")
    outcome, untouched, nick, box, (count, changed) = answer
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
    answer = editor.run(f"""
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
    assert answer[0][:2] == [True, ""]
    count, box = answer[1]
    assert count > 60000
    assert box == [128, 128, 384, 384]


@pytest.mark.parametrize("output", ["new-layer", "replace"])
@pytest.mark.parametrize("precision", ["FLOAT_NON_LINEAR", "FLOAT_LINEAR", "DOUBLE_LINEAR"])
def test_values_inside_the_patch_are_as_fine_as_floats(editor: Gimp, precision: str, output: str) -> None:
    own, became = editor.run(f"""
image = load()
image.convert_precision(Gimp.Precision.{precision})
base = image.get_layers()[0]
row = Gegl.Rectangle.new(128, 256, 256, 1)
# values that sixteen bits do not hold
base.get_buffer().set(row, "R'G'B' float", struct.pack("768f", *(0.1 + n / 7919 for n in range(768))))
own = base.get_buffer().get(row, 1.0, "R'G'B' float", Gegl.AbyssPolicy.NONE)
outcome = beautify(base, output={output!r})
assert outcome[0], outcome
top = image.get_layers()[0]
_known, x, y = top.get_offsets()
moved = Gegl.Rectangle.new(128 - x, 256 - y, 256, 1)
became = top.get_buffer().get(moved, 1.0, "R'G'B' float", Gegl.AbyssPolicy.NONE)
answer = [struct.unpack("768f", bytes(own)), struct.unpack("768f", bytes(became))]
""")
    # a step of sixteen bits is 15e-6
    assert np.abs(1 - np.array(own) - np.array(became)).max() < 2e-6
    assert len(set(became)) == 768


@pytest.mark.parametrize("output", ["new-layer", "replace"])
def test_an_indexed_image_becomes_rgb_with_its_result_and_one_undo_takes_both_back(
    editor: Gimp, output: str
) -> None:
    answer = editor.run(f"""
image = load()
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, "")
display = Gimp.Display.new(image)
before = seen(image, "R'G'B'A u8")
outcome = beautify(image.get_layers()[0], output={output!r})
after = seen(image, "R'G'B'A u8")
answer = [outcome[:2], image.get_base_type().value_nick, differences(before, after, 512, 4),
          [255 - before[4 * (256 * 512 + 200)], after[4 * (256 * 512 + 200)]]]
""")
    outcome, kind, (count, changed), (wanted, became) = answer
    assert outcome == [True, ""]
    assert kind == "rgb"
    assert count > 60000
    assert changed == [128, 128, 384, 384]
    assert became == wanted
    press(editor, window(editor, "RGB color.*GIMP"), "ctrl+z")
    is_back = "[image.get_base_type().value_nick, len(names(image))] == ['indexed', 1]"
    assert until(lambda: bool(editor.ask(is_back)))
    assert editor.ask("seen(image, \"R'G'B'A u8\") == before")


def test_half_transparent_pixels_stay_half_transparent(editor: Gimp) -> None:
    halves = """
image = load()
base = image.get_layers()[0]
base.add_alpha()
row = Gegl.Rectangle.new(128, 256, 256, 1)
def row_of(layer):
    _known, x, y = layer.get_offsets()
    moved = Gegl.Rectangle.new(128 - x, 256 - y, 256, 1)
    return list(bytes(layer.get_buffer().get(moved, 1.0, "R'G'B'A u8", Gegl.AbyssPolicy.NONE)))
base.get_buffer().set(row, "R'G'B'A u8", bytes(value for n in range(256) for value in (200, 100, 50, n)))
"""
    on_top = np.reshape(
        editor.run(f"{halves}\nassert beautify(base)[0]\nanswer = row_of(image.get_layers()[0])"), (256, 4)
    )
    inside = np.reshape(
        editor.run(f"{halves}\nassert beautify(base, output='replace')[0]\nanswer = row_of(base)"), (256, 4)
    )
    for row in (on_top, inside):
        assert (np.abs(row[:, 3] - np.arange(256)) <= 1).all()
    # what is nearly transparent has no colour to speak of
    assert (np.abs(inside[64:, :3] - (55, 155, 205)) <= 2).all()
    assert (np.abs(on_top[64:, :3] - (55, 155, 205)) <= 2).all()

"""The procedure called from scripts, in a real GIMP, with a real daemon and the real models."""

import pytest

from tests.editors.gimp.running import Gimp

_NO_FACE = "Gimp.Image.new(64, 64, Gimp.ImageBaseType.RGB)"


def test_a_new_layer_shows_the_retouch_and_nothing_else_changes(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
base = image.get_layers()[0]
before = pixels(base)
seen_before = seen(image, "R'G'B' u8")
outcome = beautify(base, strength=0.6, edits="smile=0.3")
layers = image.get_layers()
answer = {
    "outcome": outcome,
    "names": names(image),
    "base": pixels(base) == before,
    "box": box(layers[0]),
    "changed": differences(seen_before, seen(image, "R'G'B' u8"), image.get_width(), 3),
    "selected": [layer.get_name() for layer in image.get_selected_layers()],
}
""")
    assert answer["outcome"][:2] == [True, ""]
    assert answer["names"] == ["Background (retouched)", "Background"]
    assert answer["selected"] == ["Background (retouched)"]
    assert answer["base"]
    count, changed = answer["changed"]
    assert count > 1000
    left, top, right, bottom = answer["box"]
    assert left <= changed[0] < changed[2] <= right
    assert top <= changed[1] < changed[3] <= bottom


def test_a_preset_and_a_look_of_a_face_do_what_their_values_do(editor: Gimp) -> None:
    answer = editor.run("""
def shown(**options):
    image = load()
    outcome = beautify(image.get_layers()[0], **options)
    return outcome[:2], seen(image, "R'G'B' u8")

by_preset = shown(preset="strong", edits="teeth=0")
by_values = shown(strength=1.0, edits="teeth=0")
by_face = shown(**{"strength": 0.0, "face-looks": "0:preset=strong,teeth=0"})
other = shown()
answer = [by_preset[0], by_preset == by_values == by_face, by_preset[1] != other[1]]
""")
    assert answer == [[True, ""], True, True]


def test_sixteen_bits_keep_what_eight_bits_could_not_hold(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
image.convert_precision(Gimp.Precision.U16_NON_LINEAR)
outcome = beautify(image.get_layers()[0], strength=0.6)
top = pixels(image.get_layers()[0], "R'G'B'A u16")
shown = [top[at:at + 6] for at in range(0, len(top), 8) if top[at + 6:at + 8] != bytes(2)]
answer = [outcome, len(shown), sum(pair[0] != pair[1] for pixel in shown for pair in [pixel[:2]])]
""")
    outcome, count, between = answer
    assert outcome[:2] == [True, ""]
    assert count > 500
    assert between > count / 2  # 8 bits become 16 by doubling the byte


def test_replacing_changes_the_layer_itself_inside_the_patch_alone(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
base = image.get_layers()[0]
before = pixels(base, "R'G'B' u8")
new_layer = beautify(base, strength=0.6)
shown = seen(image, "R'G'B' u8")
image.remove_layer(image.get_layers()[0])
outcome = beautify(base, strength=0.6, output="replace")
answer = [outcome, names(image), pixels(base, "R'G'B' u8") == shown, before != shown]
""")
    assert answer[0][:2] == [True, ""]
    assert answer[1:] == [["Background"], True, True]


def test_a_layer_with_a_mask_looks_the_same_and_holds_the_patch_in_its_mask(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
base = image.get_layers()[0]
beautify(base, strength=0.6)
plain = seen(image, "R'G'B' u8")
image.remove_layer(image.get_layers()[0])
outcome = beautify(base, strength=0.6, output="new-layer-with-mask")
top = image.get_layers()[0]
answer = [outcome, len(names(image)), top.get_mask() is not None, seen(image, "R'G'B' u8") == plain,
          set(pixels(top, "A u8")) == {255}]
""")
    assert answer[0][:2] == [True, ""]
    assert answer[1:] == [2, True, True, True]


def test_a_selection_bounds_what_changes(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
base = image.get_layers()[0]
before = seen(image, "R'G'B' u8")
image.select_rectangle(Gimp.ChannelOps.REPLACE, 200, 90, 40, 50)
answer = []
for output in ("new-layer", "new-layer-with-mask", "replace"):
    outcome = beautify(base, strength=1.0, output=output)
    answer.append([outcome[:2], differences(before, seen(image, "R'G'B' u8"), image.get_width(), 3)])
    if output != "replace":
        image.remove_layer(image.get_layers()[0])
""")
    for outcome, (count, (left, top, right, bottom)) in answer:
        assert outcome == [True, ""]
        assert count > 100
        assert (left >= 200, top >= 90, right <= 240, bottom <= 140) == (True,) * 4


def test_offsets_groups_masks_and_alpha_are_followed(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
base = image.get_layers()[0]
beautify(base, strength=0.6)
at_home = box(image.get_layers()[0])
image.remove_layer(image.get_layers()[0])
image.resize(700, 600, 0, 0)
group = Gimp.GroupLayer.new(image, "group")
image.insert_layer(group, None, 0)
image.reorder_item(base, group, 0)
base.set_offsets(60, 40)
base.add_alpha()
mask = base.create_mask(Gimp.AddMaskType.BLACK)
base.add_mask(mask)
empty = seen(image, "R'G'B'A u8")
hidden = beautify(base, strength=0.6)
is_hidden = len(group.get_children()) == 1 and seen(image, "R'G'B'A u8") == empty
base.remove_mask(Gimp.MaskApplyMode.DISCARD)
outcome = beautify(base, strength=0.6)
inner = group.get_children()
answer = [outcome, len(inner), [now - then for now, then in zip(box(inner[0]), at_home)],
          len(image.get_layers()), hidden[0], is_hidden]
""")
    outcome, count, moved, top_level, hidden, is_hidden = answer
    assert outcome[:2] == [True, ""]
    assert (count, top_level) == (2, 1)
    assert moved == [60, 40, 60, 40]
    assert not hidden
    assert is_hidden


def test_a_grey_layer_gets_a_grey_result(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
image.convert_grayscale()
before = seen(image, "Y' u8")
outcome = beautify(image.get_layers()[0], strength=0.6)
answer = [outcome, len(names(image)), differences(before, seen(image, "Y' u8"), image.get_width(), 1)[0] >
500]
""")
    assert answer[0][:2] == [True, ""]
    assert answer[1:] == [2, True]


@pytest.mark.parametrize(
    ("make", "options", "sentence"),
    [
        (_NO_FACE, {}, "No face was found"),
        ("load()", {"faces": "3"}, "There is no face number 3"),
        ("load()", {"faces": "left"}, "is neither all, nor largest, nor numbers"),
        ("load()", {"edits": "smile"}, "is not NAME=VALUE"),
        ("load()", {"edits": "charm=1"}, "There is no slider called charm"),
        ("load()", {"edits": "smile=7"}, "must lie between -1 and 1"),
        ("load()", {"strength": 0.0}, "nothing to retouch"),
        ("load()", {"preset": "loud"}, "There is no preset called loud"),
        ("load()", {"face-looks": "1:smile=0.1"}, "There is no face number 1"),
        ("load()", {"face-looks": "0:strength=0"}, "nothing to retouch"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_leaves_the_image_alone(
    editor: Gimp, make: str, options: dict[str, object], sentence: str
) -> None:
    answer = editor.run(f"""
image = {make}
if not image.get_layers():
    layer = Gimp.Layer.new(image, "plain", 64, 64, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
before = [names(image), seen(image, "R'G'B' u8"), image.is_dirty()]
outcome = beautify(image.get_layers()[0], **{options!r})
answer = [outcome, before == [names(image), seen(image, "R'G'B' u8"), image.is_dirty()]]
""")
    assert answer[0][0] is False
    assert sentence in answer[0][1]
    assert answer[1]


def test_of_two_faces_the_chosen_one_changes(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
image.resize(1024, 512, 0, 0)
base = image.get_layers()[0]
second = Gimp.Layer.new_from_drawable(base, image)
image.insert_layer(second, None, 0)
second.set_offsets(512, 0)
flat = image.flatten()
answer = []
for faces in ("0", "1", "all"):
    outcome = beautify(flat, strength=0.6, faces=faces)
    answer.append([outcome[:2], box(image.get_layers()[0])])
    image.remove_layer(image.get_layers()[0])
""")
    assert [outcome for outcome, _ in answer] == [[True, ""]] * 3
    one, other, both = (box for _, box in answer)
    assert one[2] <= 512 <= other[0] or other[2] <= 512 <= one[0]
    assert both == [
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    ]

"""Large photographs: what the plug-in itself costs, and that it works at all."""

from tests.editors.gimp.conftest import PLUG_IN
from tests.editors.gimp.running import Gimp

_TARGET_SECONDS = 0.3
_BUSY = 4.0  # times as long may it take on a machine that has other work; the figures themselves are printed


def test_on_twelve_megapixels_a_prepared_face_is_on_its_layer_at_once(editor: Gimp) -> None:
    folder = editor.settings / "plug-ins" / PLUG_IN
    answer = editor.run(f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(folder)!r})
from retouchml.client import vendored
vendored.use(Path({str(folder)!r}, "vendor"))
from plugin_gimp import layer_pixels, output
from plugin_gimp.results import Chosen
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.result_record import ResultRecord
image = Gimp.Image.new(4000, 3000, Gimp.ImageBaseType.RGB)
layer = Gimp.Layer.new(image, "photo", 4000, 3000, Gimp.ImageType.RGB_IMAGE, 100.0, Gimp.LayerMode.NORMAL)
image.insert_layer(layer, None, 0)
answer = []
for _ in range(5):
    start = time.monotonic()
    whole = layer_pixels.Pixels.of(layer)
    data = whole.read()
    read = time.monotonic() - start
    pixels = bytes([200, 150, 120, 255]) * (1300 * 1500)
    patch = WirePatch(0, (1000, 800, 1300, 1500), PixelFormat(1300, 1500), pixels)
    start = time.monotonic()
    made = ResultRecord("photo", ())
    output.apply(Chosen(layer), [patch], whole.encoding, "new-layer", made, keep_earlier=False)
    answer.append([read, time.monotonic() - start])
    image.remove_layer(image.get_layers()[0])
""")
    reading, writing = (min(seconds) for seconds in zip(*answer, strict=True))
    print(f"12 megapixels: reading the layer {reading:.3f} s, from the patch to the layer {writing:.3f} s")
    assert writing <= _BUSY * _TARGET_SECONDS


def test_fifty_megapixels_are_retouched(editor: Gimp) -> None:
    answer = editor.run("""
image = load()
image.scale(2048, 2048)
image.resize(8660, 5774, 3000, 1500)
layer = image.flatten()
before = pixels(layer, "R'G'B' u8")
outcome = beautify(layer, strength=0.6)
top = image.get_layers()[0]
answer = [outcome, len(names(image)), box(top), pixels(layer, "R'G'B' u8") == before]
""")
    assert answer[0][:2] == [True, ""]
    assert answer[1] == 2
    left, upper, right, lower = answer[2]
    assert 3000 <= left < right <= 5048
    assert 1500 <= upper < lower <= 3548
    assert answer[3]

"""The small pictures of the history."""

import io

import numpy as np
from PIL import Image as Pillow

from plugin_krita.pixel_preview import laid_over
from plugin_krita.png import as_png
from plugin_krita.view_state import Image


def bgra(seed: int, width: int, height: int) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4)).astype("u1")
    return Image(width, height, pixels.tobytes())


def array(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(image.pixels, "u1").reshape(image.height, image.width, 4)


def test_a_png_has_the_colours_of_the_picture() -> None:
    image = bgra(1, 7, 5)
    with Pillow.open(io.BytesIO(as_png(image))) as read:
        assert read.mode == "RGB"
        assert np.array_equal(np.asarray(read), array(image)[..., [2, 1, 0]])


def test_a_picture_is_laid_over_another_where_it_is_opaque_and_as_far_as_that_goes() -> None:
    below, above = bgra(1, 6, 4), bgra(2, 5, 5)
    opaque = array(above).copy()
    opaque[..., 3] = 255
    opaque[1, 1, 3] = 0
    result = array(laid_over(below, Image(5, 5, opaque.tobytes()), (2, 1)))
    expected = array(below).copy()
    expected[1:4, 2:6] = opaque[:3, :4]
    expected[2, 3] = array(below)[2, 3]
    assert np.array_equal(result, expected)

"""GIF and BMP, which are read but not written, through Pillow."""

from typing import BinaryIO

from PIL import BmpImagePlugin, GifImagePlugin, Image

from pipeline.pictures.pixels import from_pillow
from pipeline.pictures.types import Decoded, Metadata, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported


def read_gif(file: BinaryIO, name: str) -> Decoded:
    """Decode the first frame of a GIF file as grey, RGB or RGBA."""
    width, height = (int.from_bytes(piece, "little") for piece in (file.read(8)[6:], file.read(2)))
    check_size(name, width, height)
    file.seek(0)
    image = GifImagePlugin.GifImageFile(file)
    decoded = _decoded(image, name)
    if image.is_animated:
        return decoded.noting("The picture is animated; only its first frame is used.")
    return decoded


def read_bmp(file: BinaryIO, name: str) -> Decoded:
    """Decode a BMP file as grey, RGB or RGBA."""
    try:
        image = BmpImagePlugin.BmpImageFile(file)
    except OSError as error:
        if "nsupported" not in str(error):
            raise
        raise PictureUnsupported(
            f"{name} is a BMP file of a kind that is not read.", "Export it as PNG first."
        ) from error
    return _decoded(image, name)


def _decoded(image: Image.Image, name: str) -> Decoded:
    check_size(name, *image.size)
    image.load()
    metadata = Metadata(dpi=sensible_dpi(*image.info.get("dpi", (0, 0))))
    if image.mode in ("L", "RGB", "RGBA"):
        return Decoded(from_pillow(image), metadata)
    if image.mode in ("1", "LA"):
        return Decoded(from_pillow(image.convert("L" if image.mode == "1" else "LA")), metadata)
    transparent = "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB")
    return Decoded(from_pillow(image), metadata, notes=("The palette was expanded to full colour.",))

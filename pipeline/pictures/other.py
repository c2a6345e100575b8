"""BMP in, and what GIF shares with it, through Pillow."""

from dataclasses import replace
from typing import BinaryIO

from PIL import BmpImagePlugin, Image

from pipeline.pictures.pixels import from_pillow
from pipeline.pictures.types import Decoded, Metadata, check_size, sensible_dpi
from retouchml.errors import PictureUnsupported


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
    return decoded_by_pillow(image, name, Metadata())


def decoded_by_pillow(image: Image.Image, name: str, metadata: Metadata) -> Decoded:
    """An opened image as grey, RGB or RGBA, with ``metadata`` and its resolution."""
    check_size(name, *image.size)
    image.load()
    metadata = replace(metadata, dpi=sensible_dpi(*image.info.get("dpi", (0, 0))))
    if image.mode in ("L", "RGB", "RGBA"):
        return Decoded(from_pillow(image), metadata)
    if image.mode in ("1", "LA"):
        return Decoded(from_pillow(image.convert("L" if image.mode == "1" else "LA")), metadata)
    transparent = "transparency" in image.info
    image = image.convert("RGBA" if transparent else "RGB")
    return Decoded(from_pillow(image), metadata, notes=("The palette was expanded to full colour.",))

"""Names the tags of a TIFF page that are neither kept nor say how its pixels are stored."""

import tifffile

from pipeline.pictures.exif import DESCRIPTIVE, ICC_PROFILE, IPTC, PHOTOSHOP, XMP
from pipeline.pictures.ifd import EXIF_IFD, GPS_IFD, INTEROP_IFD

# TIFF 6.0 and its supplements: storage, colour, resolution, pages, JPEG tables; also what Windows pads with
_STORAGE = frozenset(
    (
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283),
        *(284, 286, 287, 288, 289, 290, 291, 292, 293, 296, 297, 300, 301, 317, 318, 319, 320, 321, 322, 323),
        *(324, 325, 330, 332, 333, 334, 336, 338, 339, 340, 341, 342, 343, 347, 512, 513, 514, 515, 517, 518),
        *(519, 520, 521, 529, 530, 531, 532, 559, 50674, 32995, 32996, 32997, 32998, 34232, 59932, 59933),
    )
)
_LAYERS = 37724  # has a note of its own
_KEPT = DESCRIPTIVE | {XMP, IPTC, PHOTOSHOP, ICC_PROFILE, EXIF_IFD, GPS_IFD, INTEROP_IFD, _LAYERS}
_NAMED = 8


def notes_on_foreign_tags(page: tifffile.TiffPage) -> tuple[str, ...]:
    """A sentence that names the tags of other programs, if there are any."""
    codes = sorted({int(tag.code) for tag in page.tags} - _STORAGE - _KEPT)
    if not codes:
        return ()
    names = ", ".join(f"tag {code}" for code in codes[:_NAMED])
    return (f"Data of other programs was left out ({names}).",)

"""Chooses the page of a TIFF file that is the photograph, not a reduced copy of it.

Pages are those of the file's chain and, below each, its SubIFDs (TIFF Technical Note 1), where pyramids and
some scanners have copies of other sizes, or the photograph itself under a thumbnail.
"""

from dataclasses import dataclass

import tifffile

from retouchml.errors import PictureUnreadable, PictureUnsupported

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_REDUCED, _MASK = 1, 4  # bits of the new subfile type
_OLD_REDUCED = 2
_MOST_PAGES = 64  # that are looked at
_THUMBNAIL_SIDE = 320  # pixels; so small a page may be a copy of another shape, with bars
_LIKE = 0.02  # relative difference of two aspect ratios that rounding explains


@dataclass(frozen=True)
class Page:
    """A page; number: in the chain, from 0; below: whether it is a SubIFD of that page."""

    tiff: tifffile.TiffPage
    number: int
    below: bool

    @property
    def is_reduced(self) -> bool:
        """Whether the file says that this is a smaller copy of another picture."""
        kind = self.tiff.tags.valueof(_NEW_SUBFILE_TYPE)
        if isinstance(kind, int):
            return bool(kind & _REDUCED)
        return bool(self.tiff.tags.valueof(_SUBFILE_TYPE) == _OLD_REDUCED)

    @property
    def is_mask(self) -> bool:
        """Whether this is the transparency mask of another picture."""
        kind = self.tiff.tags.valueof(_NEW_SUBFILE_TYPE)
        return isinstance(kind, int) and bool(kind & _MASK)


def photograph_in(tiff: tifffile.TiffFile, name: str) -> tuple[Page, tuple[str, ...]]:
    """The page that is retouched, and notes on the others: the first that is no reduced copy of another.

    Raises:
        PictureUnreadable: there is no page.
        PictureUnsupported: there are reduced copies and masks alone.
    """
    pages = _pages(tiff)
    if not pages:
        raise PictureUnreadable(f"{name} holds no picture.", "Export it again from its original.")
    whole = [page for page in pages if not page.is_reduced and not page.is_mask]
    chain = [page for page in whole if not page.below] or whole
    if not chain:
        raise PictureUnsupported(
            f"{name} holds only a reduced copy of its photograph.",
            "Export the photograph itself from the program that made the file.",
        )
    chosen = chain[0]
    larger = [page for page in whole if _is_copy(chosen.tiff, page.tiff)]
    if larger:
        chosen = max(larger, key=lambda page: (page.tiff.imagewidth * page.tiff.imagelength, -page.number))
    return chosen, _notes(chosen, [page for page in pages if page is not chosen])


def _pages(tiff: tifffile.TiffFile) -> list[Page]:
    pages: list[Page] = []
    for number in range(_MOST_PAGES):
        try:
            page = tiff.pages.get(number)
        except Exception:
            break  # the end, or damage: a page that cannot be read is not used either
        if not isinstance(page, tifffile.TiffPage):
            continue
        pages.append(Page(page, number, below=False))
        for index in range(min(len(page.subifds or ()), _MOST_PAGES - number)):
            try:
                below = page.pages[index] if page.pages is not None else None
            except Exception:
                break
            if isinstance(below, tifffile.TiffPage):
                pages.append(Page(below, number, below=True))
    return pages


def _is_copy(small: tifffile.TiffPage, large: tifffile.TiffPage) -> bool:
    """Whether ``small`` looks like a reduced copy of ``large``, though the file does not say so."""
    if small.imagewidth < 1 or small.imagelength < 1:
        return False
    across, down = large.imagewidth / small.imagewidth, large.imagelength / small.imagelength
    if min(across, down) < 2:
        return False
    rounding = _LIKE + 1 / min(small.imagewidth, small.imagelength)
    return abs(across / down - 1) < rounding or max(small.imagewidth, small.imagelength) <= _THUMBNAIL_SIDE


def _notes(chosen: Page, others: list[Page]) -> tuple[str, ...]:
    if not others:
        return ()
    if all(page.is_reduced or _is_copy(page.tiff, chosen.tiff) for page in others):
        return ("The file also holds smaller copies of the picture, which were left out.",)
    if all(page.is_reduced or page.is_mask or page.below for page in others):
        return ("The file also holds copies or a mask of the picture, which were left out.",)
    if chosen.number == 0 and not chosen.below:
        return ("The file has several pages; only the first is used.",)
    return (f"The file has several pages; only page {chosen.number + 1} is used.",)

"""Which pixels a retouch may reach: masks as bytes, one for each pixel, without NumPy."""

from collections.abc import Sequence

_NOT_ZERO = bytes([0] + 255 * [255])  # translates 0 to 0 and everything else to 255
_LEAST_SHARE = 0.2  # of the share of the face that a selection covers most


def covered(alpha: bytes) -> bytes:
    """255 for each pixel that is not fully transparent, 0 for the others."""
    return alpha.translate(_NOT_ZERO)


def limited(covered_: bytes, mask: bytes) -> bytes:
    """The mask where ``covered_`` is 255, 0 where it is 0."""
    both = int.from_bytes(covered_, "little") & int.from_bytes(mask, "little")
    return both.to_bytes(len(mask), "little")


def reaches(covered_: bytes, mask: bytes) -> bool:
    """Whether the mask lets any of the covered pixels through."""
    return bool(int.from_bytes(covered_, "little") & int.from_bytes(mask, "little"))


def share(mask: bytes) -> float:
    """The share of pixels that a mask lets through, fully or in part."""
    return 1.0 - mask.count(0) / len(mask) if mask else 0.0


def meant(shares: Sequence[float]) -> tuple[int, ...]:
    """The numbers of the faces that a selection means, by the share that it covers of each one's box.

    One that a selection around another face merely grazes is not among them.
    """
    most = max(shares, default=0.0)
    return tuple(number for number, each in enumerate(shares) if each > 0 and each >= _LEAST_SHARE * most)

"""Tells the kinds of JPEG apart by their frame header, for a true reason why a file is not read.

After ITU-T T.81 (B.2.2) and, for JPEG-LS, T.87.
"""

from typing import BinaryIO

_JPEG_LS = 0xF7
_LOSSLESS = frozenset((0xC3, 0xC7, 0xCB, 0xCF))
_HIERARCHICAL = frozenset((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF))
_ARITHMETIC = frozenset((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {_JPEG_LS}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a length
_END = frozenset((0xD9, 0xDA))
_COMPONENTS = (1, 3, 4)


def rare_kind(file: BinaryIO) -> str | None:
    """What is rare about a JPEG file, as the end of "… is"; None if nothing is, or it is damaged before that.

    Of what Pillow may or may not read, depending on how it was built, this says the kind as well.
    """
    frame = _frame(file)
    if frame is None:
        return None
    marker, bits, components = frame
    if marker == _JPEG_LS:
        return "a JPEG-LS file"
    if marker in _LOSSLESS:
        return f"a lossless JPEG file of {bits} bits"
    if bits != 8:
        return f"a JPEG file of {bits} bits"
    if marker in _HIERARCHICAL:
        return "a hierarchical JPEG file"
    if marker in _ARITHMETIC:
        return "a JPEG file with arithmetic coding"
    return f"a JPEG file of {components} colours" if components not in _COMPONENTS else None


def _frame(file: BinaryIO) -> tuple[int, int, int] | None:
    """Marker, bits and number of components of the first frame header."""
    file.seek(2)
    while True:
        head = file.read(2)
        while len(head) == 2 and head[1] == 0xFF:  # filling
            head = head[1:] + file.read(1)
        if len(head) < 2 or head[0] != 0xFF or head[1] in _END:
            return None
        if head[1] in _ALONE:
            continue
        length = int.from_bytes(file.read(2), "big")
        if head[1] in _FRAMES:
            header = file.read(6)
            return (head[1], header[0], header[5]) if len(header) == 6 else None
        file.seek(max(0, length - 2), 1)

"""Whether a JPEG XL file is animated: its codestream's header, bit by bit (ISO/IEC 18181-1:2022, annex D)."""

_NAKED = b"\xff\x0a"
_PART_NUMBER_BYTES = 4
_Choices = tuple[tuple[int, int], ...]  # offset and bits of a number, by a selector of two bits
_EIGHTHS: _Choices = ((1, 5),)  # a single choice has no selector
_SIDES: _Choices = ((1, 9), (1, 13), (1, 18), (1, 30))
_PREVIEW_SIDES: _Choices = ((1, 6), (65, 8), (321, 10), (1345, 12))
_PREVIEW_EIGHTHS: _Choices = ((16, 0), (32, 0), (1, 5), (33, 9))


def is_animated(data: bytes) -> bool:
    """Whether a file, with a container or without, has frames to be shown one after the other."""
    start = 0 if data.startswith(_NAKED) else _codestream_in(data)
    bits = _Bits(data[start + len(_NAKED) : start + 64])
    _skip_size(bits)
    if bits.take(1) or not bits.take(1):  # all is as usual, or no extra fields
        return False
    bits.take(3)  # orientation
    if bits.take(1):
        _skip_size(bits)
    if bits.take(1):
        _skip_size(bits, _PREVIEW_EIGHTHS, _PREVIEW_SIDES)
    return bool(bits.take(1))


def _codestream_in(data: bytes) -> int:
    """Where the codestream begins in the container's first box of it."""
    at = 0
    while at + 8 <= len(data):
        length, head = int.from_bytes(data[at : at + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        kind = data[at + 4 : at + 8]
        if kind in (b"jxlc", b"jxlp"):
            return at + head + (_PART_NUMBER_BYTES if kind == b"jxlp" else 0)
        if length < 8:
            break
        at += length
    return len(data)


def _skip_size(bits: "_Bits", eighths: _Choices = _EIGHTHS, sides: _Choices = _SIDES) -> None:
    """Skip a height and, unless it follows from a ratio, a width."""
    choices = eighths if bits.take(1) else sides
    bits.number(choices)
    if not bits.take(3):
        bits.number(choices)


class _Bits:
    """Bits, the lowest of each byte first; beyond the end all are 0."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return value

    def number(self, choices: _Choices) -> int:
        offset, count = choices[self.take(2) if len(choices) > 1 else 0]
        return offset + self.take(count)

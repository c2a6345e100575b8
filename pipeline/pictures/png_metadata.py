"""What a PNG file holds beside its pixels, from its chunks (PNG specification, third edition, §11.3).

Of each kind one is read, so that a file of many costs no more than a file of one.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pipeline.pictures import photoshop
from pipeline.pictures.exif import is_block
from pipeline.pictures.types import MAX_METADATA_BYTES, Metadata

XMP_KEYWORD = b"XML:com.adobe.xmp"
MAX_CHUNKS = 10_000
"""Most chunks, other than those of pixels, that are read."""

_COLOUR = (b"cICP", b"mDCV", b"cLLI", b"sRGB", b"gAMA", b"cHRM")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_RAW = b"Raw profile type "
_IPTC_KEYWORD = _RAW + b"iptc"
_XMP_PREFIX = b"http://ns.adobe.com/xap/1.0/\0"
# pixels, animations, and what says nothing about the photograph
_NOT_DATA = frozenset(
    (
        *(b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"pHYs"),
        *(b"bKGD", b"hIST", b"sBIT", b"sPLT", b"tIME", b"vpAg", b"orNT", b"iDOT", b"CgBI", b"oFFs"),
    )
)
_LEFT_OUT = "and was left out."


@dataclass
class _Found:
    """The first chunk of each kind, and what was wrong."""

    profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    raw: dict[bytes, bytes] = field(default_factory=dict)
    colour: dict[bytes, bytes] = field(default_factory=dict)
    texts: list[tuple[bytes, bytes]] = field(default_factory=list)
    text_bytes: int = 0
    damaged: set[str] = field(default_factory=set)
    foreign: dict[str, None] = field(default_factory=dict)
    too_much: bool = False


def metadata_of(chunks: Iterable[tuple[bytes, bytes, bool]]) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata in chunks (name, content, whether the checksum is right), and notes on what is lost."""
    found = _Found()
    for number, (name, content, is_sound) in enumerate(chunks):
        if number >= MAX_CHUNKS:
            found.too_much = True
            break
        _collect(found, name, content, is_sound)
    metadata = _joined(found)
    notes = [f"The {what} is damaged {_LEFT_OUT}" for what in sorted(found.damaged)]
    if found.too_much:
        notes.append("The file has more texts and other data than any program writes; some were left out.")
    if found.foreign:
        notes.append(f"Data of other programs was left out ({', '.join(list(found.foreign)[:8])}).")
    return metadata, tuple(notes)


def text_keywords(metadata: Metadata) -> list[str]:
    """The keywords of a PNG's texts, once each; of raw profiles none, as these are elsewhere too."""
    keywords = (content.partition(b"\0")[0] for _, content in metadata.png_texts)
    shown = (word[:79].decode("latin-1") for word in keywords if not word.startswith(_RAW))
    return list(dict.fromkeys(filter(str.isprintable, shown)))


def holds_iptc(metadata: Metadata) -> bool:
    """Whether the press's records are among a PNG's texts."""
    return any(content.startswith(_IPTC_KEYWORD + b"\0") for _, content in metadata.png_texts)


def unsaid_colour(metadata: Metadata) -> list[str]:
    """Names of a PNG's colour chunks that no other part of ``metadata`` stands for."""
    names = [name.decode("ascii") for name, _ in metadata.png_colour]
    if metadata.icc_profile or "sRGB" in names:
        return [name for name in names if name not in ("sRGB", "gAMA", "cHRM")]
    return names


def _collect(found: _Found, name: bytes, content: bytes, is_sound: bool) -> None:
    keyword = content.partition(b"\0")[0] if name in _TEXTS else b""
    if name in _NOT_DATA:
        return
    if not is_sound:
        found.damaged.add(_title(name, keyword))
    elif name == b"iCCP":
        found.profile = content if found.profile is None else found.profile
    elif name == b"eXIf":
        found.exif = content if found.exif is None else found.exif
    elif name in _COLOUR:
        found.colour.setdefault(name, content)
    elif keyword == XMP_KEYWORD:
        if found.xmp is None:
            found.xmp = _text(name, content)
            if found.xmp is None:
                found.damaged.add("XMP data")
    elif keyword.startswith(_RAW):
        kind = keyword[len(_RAW) :].lower()
        if kind not in found.raw and len(found.raw) < 8:
            found.raw[kind] = _raw_profile(name, content)
    elif name in _TEXTS:
        found.text_bytes += len(content)
        if found.text_bytes > MAX_METADATA_BYTES:
            found.too_much = True
        else:
            found.texts.append((name, content))
    elif re.fullmatch(rb"[A-Za-z]{4}", name):
        found.foreign[name.decode("ascii")] = None


def _title(name: bytes, keyword: bytes) -> str:
    if keyword == XMP_KEYWORD:
        return "XMP data"
    if name in _TEXTS:
        return "text"
    shown = name.decode("ascii", "replace") if name.isalpha() else "unnamed"
    return {b"iCCP": "colour profile", b"eXIf": "EXIF data"}.get(name, f"{shown} chunk")


def _joined(found: _Found) -> Metadata:
    """What was found as metadata: chunks of their own before raw profiles."""
    profile = None
    if found.profile is not None:
        profile = inflate(found.profile.partition(b"\0")[2][1:])
        if profile is None:
            found.damaged.add("colour profile")
    exif = (found.exif or b"").removeprefix(b"Exif\0\0") or None
    xmp, resources = found.xmp, photoshop.resources_of(b"")
    metadata = Metadata(icc_profile=profile, png_colour=tuple(found.colour.items()))
    for kind, block in found.raw.items():
        bare = block.removeprefix(b"Exif\0\0")
        if kind in (b"exif", b"app1") and is_block(bare):
            exif = exif or bare
        elif kind == b"xmp" or (kind == b"app1" and block.startswith(_XMP_PREFIX)):
            xmp = xmp or block.removeprefix(_XMP_PREFIX) or None
        elif kind in (b"iptc", b"8bim") and block:
            resources = resources or _resources(block)
        elif kind in (b"icc", b"icm") and profile is not None:
            continue
        if not block or (kind in (b"exif", b"app1") and not (exif or xmp)):
            title = {b"exif": "EXIF data", b"app1": "EXIF data", b"xmp": "XMP data", b"iptc": "IPTC data"}
            found.damaged.add(title.get(kind, "raw profile"))
        elif kind not in (b"exif", b"app1", b"xmp", b"iptc", b"8bim"):
            shown = kind[:20].decode("latin-1")
            found.foreign[f"raw profile {shown}" if shown.isprintable() else "a raw profile"] = None
    iptc, lasting = photoshop.iptc_of(resources), photoshop.lasting(resources)
    texts = [*found.texts]
    if iptc or lasting:
        texts.append((b"zTXt", _IPTC_KEYWORD + b"\0\0" + _hexadecimal(photoshop.with_iptc(lasting, iptc))))
    return replace(metadata, exif=exif, xmp=xmp, iptc=iptc, photoshop=lasting, png_texts=tuple(texts))


def _resources(block: bytes) -> tuple[photoshop.Resource, ...]:
    """Photoshop's resources; some programs write the press's records alone."""
    if block[:1] == b"\x1c":
        return (photoshop.Resource(photoshop.IPTC, b"", block),)
    return photoshop.resources_of(block)


def inflate(data: bytes) -> bytes | None:
    """What a zlib stream holds; None if it is damaged, or longer than ``MAX_METADATA_BYTES``."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(data, MAX_METADATA_BYTES)
    except zlib.error:
        return None
    return content if inflater.eof else None


def _text(name: bytes, content: bytes) -> bytes | None:
    """The text of a chunk of any of the three kinds."""
    text = content.partition(b"\0")[2]
    if name == b"tEXt":
        return text
    if name == b"zTXt":
        return inflate(text[1:])
    body = text[2:].split(b"\0", 2)[-1]
    return inflate(body) if text[:1] == b"\1" else body


def _raw_profile(name: bytes, content: bytes) -> bytes:
    """A block as ImageMagick and Exiv2 (so GIMP) put it into a text, in hexadecimal; empty if damaged."""
    match = re.match(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", _text(name, content) or b"")
    try:
        return bytes.fromhex(match[1].decode("ascii")) if match else b""
    except ValueError:
        return b""


def _hexadecimal(block: bytes) -> bytes:
    digits = block.hex().encode("ascii")
    lines: Iterator[bytes] = (digits[at : at + 72] for at in range(0, len(digits), 72))
    return zlib.compress(b"\niptc\n%8d\n" % len(block) + b"\n".join(lines) + b"\n")

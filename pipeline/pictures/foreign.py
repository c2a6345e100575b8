"""Names files of formats that are not read, so that the error says what a file is."""

import re

_BRANDS = {
    b"avif": "an AVIF file",
    b"avis": "an AVIF file",
    b"heic": "a HEIF file",
    b"heix": "a HEIF file",
    b"heim": "a HEIF file",
    b"heis": "a HEIF file",
    b"hevc": "a HEIF file",
    b"hevx": "a HEIF file",
    b"mif1": "a HEIF file",
    b"mif2": "a HEIF file",
    b"msf1": "a HEIF file",
    b"jpeg": "a HEIF file",
    b"j2ki": "a HEIF file",
    b"jp2 ": "a JPEG 2000 file",
    b"jpx ": "a JPEG 2000 file",
}
"""Brands of the family of MP4 (ISO/IEC 14496-12), to which HEIF belongs → title; the others are videos."""

_MAGIC = {
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\xff\xd8\xff\xf7": "a JPEG-LS file",
    b"\0\0\0\x0cJXL ": "a JPEG XL file",
    b"\0\0\0\x0cJXS ": "a JPEG XS file",
    b"\xff\x0a": "a JPEG XL file",
    b"II\xbc\x01": "a JPEG XR file",
    b"\x8aMNG": "an MNG animation",
    b"\x8bJNG": "a JNG file",
    b"8BPS": "a Photoshop file",
    b"gimp xcf": "a GIMP file",
    b"\x76\x2f\x31\x01": "an OpenEXR file",
    b"#?RADIANCE": "a Radiance HDR file",
    b"#?RGBE": "a Radiance HDR file",
    b"qoif": "a QOI file",
    b"BPG\xfb": "a BPG file",
    b"DDS ": "a DirectDraw surface",
    b"SIMPLE  =": "a FITS file",
    b"icns": "an icon",
    b"\0\0\1\0": "an icon",
    b"%PDF": "a PDF file",
    b"%!PS": "a PostScript file",
    b"<svg": "an SVG drawing",
    b"RIFF????AVI ": "a video",
    b"\x1a\x45\xdf\xa3": "a video",
}


def title_of(head: bytes) -> str | None:
    """What a file is by its first bytes, with its article; None if that is not known."""
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video")
    if re.match(rb"P[1-7Ff]\s+[0-9#WH]", head):
        return "a PNM file"
    return next((title for magic, title in _MAGIC.items() if begins(head, magic)), None)


def begins(head: bytes, magic: bytes) -> bool:
    """Whether ``head`` starts with ``magic``, in which ``?`` is any byte."""
    return len(head) >= len(magic) and all(
        expected in (byte, ord("?")) for byte, expected in zip(head, magic, strict=False)
    )

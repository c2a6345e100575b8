"""Names files of formats that are not read, so that the error says what a file is."""

import re

_MAGIC = {
    b"\0\0\0\x0cjP  ": "a JPEG 2000 file",
    b"\xff\x4f\xff\x51": "a JPEG 2000 file",
    b"\0\0\0\x0cJXS ": "a JPEG XS file",
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
        return "a JPEG 2000 file" if head[8:11] in (b"jp2", b"jpx") else "a video"
    if re.match(rb"P[1-7Ff]\s+[0-9#WH]", head):
        return "a PNM file"
    return next((title for magic, title in _MAGIC.items() if begins(head, magic)), None)


def begins(head: bytes, magic: bytes) -> bool:
    """Whether ``head`` starts with ``magic``, in which ``?`` is any byte."""
    return len(head) >= len(magic) and all(
        expected in (byte, ord("?")) for byte, expected in zip(head, magic, strict=False)
    )

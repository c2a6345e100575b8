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
    b"\n\x05\x01\x08": "a PCX file",
    b"\x01\xda\0\1": "an SGI picture",
    b"\x01\xda\1\1": "an SGI picture",
    b"\x59\xa6\x6a\x95": "a Sun raster file",
    b"farbfeld": "a farbfeld file",
    b"SDPX": "a DPX film scan",
    b"XPDS": "a DPX film scan",
    b"\x80\x2a\x5f\xd7": "a Cineon film scan",
    b"AT&TFORM": "a DjVu document",
    b"CSFCHUNK": "a Clip Studio Paint file",
    b"Paint Shop Pro Image File": "a PaintShop Pro file",
    b"PDN3": "a Paint.NET file",
}
# a ZIP archive that begins with a stored file "mimetype" (OpenDocument 1.3, part 2, 3.3)
_MIMETYPE_AT, _MIMETYPE = 30, b"mimetype"
_PROGRAMS = {
    b"application/x-krita": "a Krita file",
    b"image/openraster": "an OpenRaster file",
    b"application/vnd.oasis.opendocument": "an OpenDocument file",
}
_SUFFIXES = {".tga": "a Targa file"}  # of formats without a mark
_SVG = re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml\b.*?<svg\b", re.DOTALL)
_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<body)\b", re.IGNORECASE)


def title_of(head: bytes, suffix: str = "") -> str | None:
    """What a file is, with its article, by its first bytes, or by its suffix (lower case) if it has no mark.

    None if that is not known.
    """
    if head[4:8] == b"ftyp":
        return "a JPEG 2000 file" if head[8:11] in (b"jp2", b"jpx") else "a video"
    if re.match(rb"P[1-7Ff]\s+[0-9#WH]", head):
        return "a PNM file"
    if _SVG.match(head):
        return "an SVG drawing"
    if head.startswith(b"PK\3\4") and head[_MIMETYPE_AT:].startswith(_MIMETYPE):
        kind = head[_MIMETYPE_AT + len(_MIMETYPE) :]
        return next((title for name, title in _PROGRAMS.items() if kind.startswith(name)), None)
    marked = next((title for magic, title in _MAGIC.items() if begins(head, magic)), None)
    return marked or _SUFFIXES.get(suffix)


def is_web_page(head: bytes) -> bool:
    """Whether a file is a web page, as a download may be that went wrong."""
    return _WEB_PAGE.match(head) is not None


def begins(head: bytes, magic: bytes) -> bool:
    """Whether ``head`` starts with ``magic``, in which ``?`` is any byte."""
    return len(head) >= len(magic) and all(
        expected in (byte, ord("?")) for byte, expected in zip(head, magic, strict=False)
    )

"""XMP says nothing that new pixels make untrue, and the rest of it stays to the byte."""

import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.pictures import read_picture, write_picture
from pipeline.pictures.xmp import PacketError, truthful_packet
from tests.pipeline.pictures.samples import encoded, ramp

NAMESPACES = (
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" '
    b'xmlns:Cam="http://ns.google.com/photos/1.0/camera/" '
    b'xmlns:GContainer="http://ns.google.com/photos/1.0/container/" '
    b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
    b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
CONTAINER = (
    b'<GContainer:Directory><rdf:Seq><rdf:li rdf:parseType="Resource">'
    b'<GContainer:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="4"/>'
    b"</rdf:li></rdf:Seq></GContainer:Directory>"
)
THUMBNAILS = (
    b'<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource"><xmpGImg:image>/9j/4AAQ</xmpGImg:image>'
    b"</rdf:li></rdf:Alt></xmp:Thumbnails>"
)
CREATOR = b"<dc:creator><rdf:Seq><rdf:li>A &gt; B</rdf:li></rdf:Seq></dc:creator>"


def packet(attributes: bytes = b"", elements: bytes = b"", namespaces: bytes = NAMESPACES) -> bytes:
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n<rdf:Description rdf:about="" '
        + namespaces
        + attributes
        + b">"
        + elements
        + b'</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n   \n<?xpacket end="w"?>'
    )


@pytest.mark.parametrize(
    "attributes",
    [
        b' Cam:MotionPhoto="1" Cam:MotionPhotoVersion="1" Cam:MotionPhotoPresentationTimestampUs="-1"',
        b" Cam:MicroVideo='1' Cam:MicroVideoOffset='1234'",
        b' hdrgm:Version="1.0" hdrgm:GainMapMax="2.5"',
        b' xmpNote:HasExtendedXMP="0123456789ABCDEF0123456789ABCDEF"',
    ],
)
def test_a_claim_in_an_attribute_is_cut_out(attributes: bytes) -> None:
    after = truthful_packet(packet(b' dc:source="x>y"' + attributes + b' xmp:Rating="3"', CREATOR), 9, 9)
    assert after == without_gone_namespaces(packet(b' dc:source="x>y" xmp:Rating="3"', CREATOR))


@pytest.mark.parametrize(
    "element",
    [
        b"<Cam:MotionPhoto>1</Cam:MotionPhoto>",
        b"<Cam:MicroVideoOffset>5</Cam:MicroVideoOffset>",
        b"<hdrgm:GainMapMax><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax>",
        b"<xmpNote:HasExtendedXMP>AB</xmpNote:HasExtendedXMP>",
        b"<xmpNote:HasExtendedXMP/>",
        CONTAINER,
        THUMBNAILS,
    ],
)
def test_a_claim_in_an_element_is_cut_out(element: bytes) -> None:
    after = truthful_packet(packet(b"", CREATOR + element + b"<xmp:Label/><xmp:Rating>3</xmp:Rating>"), 9, 9)
    assert after == without_gone_namespaces(packet(b"", CREATOR + b"<xmp:Label/><xmp:Rating>3</xmp:Rating>"))


def without_gone_namespaces(whole: bytes) -> bytes:
    for gone in (b"hdrgm", b"GContainer", b"Item", b"xmpNote"):
        start = whole.index(b"xmlns:" + gone)
        whole = whole[:start] + whole[whole.index(b"xmlns:", start + 1) :]
    return whole


def test_an_unusual_prefix_hides_no_claim() -> None:
    namespaces = b'xmlns:q="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:hdrgm="urn:somebody"'
    after = truthful_packet(packet(b' q:Version="1" hdrgm:Version="2"', namespaces=namespaces), 9, 9)
    assert b"q:Version" not in after
    assert b'hdrgm:Version="2"' in after


def test_size_and_orientation_are_those_of_the_new_pixels() -> None:
    before = packet(
        b' tiff:Orientation="6" tiff:ImageWidth="1"', b"<exif:PixelXDimension>1</exif:PixelXDimension>"
    )
    after = truthful_packet(before, 300, 200)
    assert b'tiff:Orientation="1" tiff:ImageWidth="300"' in after
    assert b"<exif:PixelXDimension>300</exif:PixelXDimension>" in after


def test_a_packet_without_claims_stays_to_the_byte() -> None:
    plain = packet(b"", CREATOR, b'xmlns:dc="http://purl.org/dc/elements/1.1/"')
    assert truthful_packet(plain, 9, 9) == plain


def test_a_packet_of_sixteen_bit_characters_becomes_utf_8() -> None:
    plain = packet(b"", CREATOR, b'xmlns:dc="http://purl.org/dc/elements/1.1/"')
    assert truthful_packet(plain.decode().encode("utf-16-be"), 9, 9) == plain


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;&b;&b;&b;">]><a>&d;</a>',
        b"<a>" + b"<b/>" * 1_000_000 + b"</a>",
        b"<a " + b"b='" * 500_000,
        b"<a>" * 1_000_000,
        b"<a "
        + b" ".join(b'xmlns:n%d="u"' % number for number in range(3000))
        + b">"
        + b"".join(b'<b xmlns:m%d="u"/>' % number for number in range(3000))
        + b"</a>",
    ],
    ids=["entities", "elements", "quotes", "depth", "namespaces"],
)
def test_a_packet_that_no_program_writes_is_refused_soon(bomb: bytes) -> None:
    started = time.process_time()
    with pytest.raises(PacketError):
        truthful_packet(bomb, 9, 9)
    assert time.process_time() - started < 60  # what is quadratic takes hours


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_no_format_gets_a_claim_that_is_untrue(tmp_path: Path, suffix: str) -> None:
    claims = packet(b' Cam:MotionPhoto="1" hdrgm:Version="1.0"', CONTAINER + THUMBNAILS + CREATOR)
    (tmp_path / "a.jpg").write_bytes(encoded(ramp(3, np.uint8), "JPEG", xmp=claims))
    source = read_picture(tmp_path / "a.jpg")
    write_picture(tmp_path / f"b{suffix}", source, source.pixels)
    written = (tmp_path / f"b{suffix}").read_bytes()
    assert CREATOR in written
    for word in (b"MotionPhoto", b"hdrgm", b"GContainer", b"Thumbnails", b"/9j/"):
        assert word not in written


def test_damaged_xmp_is_kept_unless_it_may_be_untrue(tmp_path: Path) -> None:
    for xmp, kept in ((b"<a><rating>3", True), (b'<a><b Cam:MotionPhoto="1">', False)):
        (tmp_path / "a.webp").write_bytes(encoded(ramp(3, np.uint8), "WEBP", xmp=xmp))
        seen = read_picture(tmp_path / "a.webp")
        assert seen.metadata.xmp == (xmp if kept else None)
        assert seen.notes == (() if kept else ("The XMP data is damaged and was left out.",))


def test_a_second_photograph_in_the_packet_is_left_out_and_said(tmp_path: Path) -> None:
    more = NAMESPACES + b' xmlns:GImage="http://ns.google.com/photos/1.0/image/"'
    held = packet(b' GImage:Mime="image/jpeg" GImage:Data="/9j/4AAQ"', CREATOR, more)
    (tmp_path / "a.webp").write_bytes(encoded(ramp(3, np.uint8), "WEBP", xmp=held))
    seen = read_picture(tmp_path / "a.webp")
    assert seen.metadata.xmp is not None
    assert b"/9j/" not in seen.metadata.xmp
    assert seen.notes == ("The second photograph in the XMP data was left out.",)

"""What a GIF file has beside its pixels is kept, or a sentence says that it was left out."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import Picture, read_picture, write_picture
from tests.pipeline.pictures.samples import RGB_PROFILE, encoded, ramp
from tests.pipeline.pictures.test_xmp import CREATOR, packet

PIXELS = ramp(3, np.uint8)


def application(name: bytes, content: bytes) -> bytes:
    blocks = b"".join(
        bytes((len(content[at : at + 255]),)) + content[at : at + 255] for at in range(0, len(content), 255)
    )
    return b"\x21\xff\x0b" + name + blocks + b"\0"


def gif(*extensions: bytes) -> bytes:
    data = encoded(PIXELS, "GIF")
    start = 13 + (3 << ((data[10] & 7) + 1))
    return data[:start] + b"".join(extensions) + data[start:]


def seen(tmp_path: Path, data: bytes) -> Picture:
    (tmp_path / "in.gif").write_bytes(data)
    return read_picture(tmp_path / "in.gif")


def test_a_profile_is_kept(tmp_path: Path) -> None:
    picture = seen(tmp_path, gif(application(b"ICCRGBG1012", RGB_PROFILE)))
    assert picture.notes == ("The palette was expanded to full colour.",)
    assert write_picture(tmp_path / "a.png", picture, picture.pixels) == ()
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["icc_profile"] == RGB_PROFILE


def test_a_cut_profile_is_said(tmp_path: Path) -> None:
    picture = seen(tmp_path, gif(application(b"ICCRGBG1012", RGB_PROFILE[:-9])))
    assert picture.metadata.icc_profile is None
    assert picture.notes[-1] == "The colour profile is damaged and was left out."


def test_xmp_is_kept(tmp_path: Path) -> None:
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    xmp = b"\x21\xff\x0bXMP DataXMP" + packet(b"", CREATOR) + trailer
    picture = seen(tmp_path, gif(xmp))
    assert picture.notes == ("The palette was expanded to full colour.",)
    assert picture.metadata.xmp is not None
    assert CREATOR in picture.metadata.xmp
    assert picture.metadata.xmp.endswith(b'<?xpacket end="w"?>')


@pytest.mark.parametrize(
    ("extension", "note"),
    [
        (b"\x21\xfe\x05Hello\0", "The comment was left out."),
        (application(b"FRACTINT001", b"x"), "Data of other programs was left out (FRACTINT001)."),
    ],
)
def test_comments_and_data_of_other_programs_are_said(tmp_path: Path, extension: bytes, note: str) -> None:
    assert seen(tmp_path, gif(extension)).notes[-1] == note


def test_a_frame_count_is_no_data_of_another_program(tmp_path: Path) -> None:
    picture = seen(tmp_path, gif(application(b"NETSCAPE2.0", b"\x01\0\0")))
    assert picture.notes == ("The palette was expanded to full colour.",)


@pytest.mark.parametrize("frames", [1, 3])
def test_data_behind_the_end_is_said(tmp_path: Path, frames: int) -> None:
    stream = BytesIO()
    images = [Image.fromarray(np.roll(PIXELS, shift, 1)) for shift in range(frames)]
    images[0].save(stream, "GIF", save_all=True, append_images=images[1:])
    note = "The data behind the picture was left out."
    assert note not in seen(tmp_path, stream.getvalue() + bytes(20)).notes
    assert note in seen(tmp_path, stream.getvalue() + b"an archive").notes

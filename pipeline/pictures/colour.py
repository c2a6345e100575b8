"""Colour profiles: their colour space, and CMYK converted to sRGB."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from pipeline.pictures.pixels import bands
from pipeline.pictures.types import Pixels


def profile_space(profile: bytes) -> str:
    """The colour space of an ICC profile: ``RGB``, ``GRAY``, ``CMYK``, … (ICC.1:2022 §7.2.6)."""
    return profile[16:20].decode("ascii", "replace").strip()


def is_profile(profile: bytes) -> bool:
    """Whether ``profile`` has the signature and the length of an ICC profile."""
    return len(profile) >= 128 and profile[36:40] == b"acsp"


def is_cut(profile: bytes) -> bool:
    """Whether an ICC profile is shorter than its header says."""
    return int.from_bytes(profile[:4], "big") > len(profile)


def joined_profile(parts: Sequence[bytes]) -> bytes | None:
    """The ICC profile in a JPEG's parts: number of the part, number of all parts, content (ICC.1:2022 §B.4).

    Odd numbers are overlooked if the parts make a whole profile. None if they do not.
    """
    numbers = [part[0] if part else 0 for part in parts]
    ordered = sorted(parts, key=lambda part: part[:1])
    if numbers and sorted(numbers) == list(range(1, len(parts) + 1)):
        whole = b"".join(part[2:] for part in ordered)
        return whole if is_profile(whole) and not is_cut(whole) else None
    for order in (ordered, parts, list(dict.fromkeys(ordered))):
        whole = b"".join(part[2:] for part in order)
        if is_profile(whole) and int.from_bytes(whole[:4], "big") == len(whole):
            return whole
    return None


def cmyk_to_srgb(ink: Pixels, profile: bytes | None) -> tuple[Pixels, str]:
    """uint8 ``[H, W, 4]``, 255 for full ink, as sRGB ``[H, W, 3]``, and a note that says how.

    By ``profile``, relative colorimetric with black point compensation; without a usable one, by the product
    of what each ink lets through.
    """
    transform = _transform_to_srgb(profile)
    light = np.empty((*ink.shape[:2], 3), np.uint8)
    for rows in bands(ink):
        strip = np.ascontiguousarray(ink[rows])
        image = Image.frombuffer("CMYK", (ink.shape[1], strip.shape[0]), strip, "raw", "CMYK", 0, 1)
        if transform is None:
            light[rows] = np.asarray(image.convert("RGB"))
        else:
            light[rows] = np.asarray(ImageCms.applyTransform(image, transform))
    how = "without a colour profile, so colours are a guess" if transform is None else "by its colour profile"
    return light, f"CMYK was converted to sRGB {how}."


def _transform_to_srgb(profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    if profile is None or profile_space(profile) != "CMYK":
        return None
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            "CMYK",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError):
        return None

"""Views of a photograph: a reduced copy, and an upright frame around a face."""

import math

import numpy as np

from pipeline.views import Detection, reduced, rotation_of, view_of


def test_a_large_picture_is_reduced_and_the_scale_told() -> None:
    small, scale = reduced(np.zeros((300, 4000, 3), np.uint16), 1600)
    assert (small.shape, small.dtype.name, scale) == ((120, 1600, 3), "uint8", 2.5)
    small, scale = reduced(np.zeros((300, 400, 1), np.float32), 1600)
    assert (small.shape, scale) == ((300, 400, 3), 1.0)


def test_a_frame_is_centred_on_the_face_and_turned_with_it() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[90:111, 240:261] = 255  # 50 px to the right of the face's centre
    detection = Detection((200.0, 100.0), 100.0, math.radians(90.0), 1.0)
    view = view_of(pixels, rotation_of(detection, 2.0, 81), 81)
    # the face looks to the right of the photo: what lies there is above it in its own frame
    rows, columns = np.nonzero(view[..., 0] > 127)
    assert abs(rows.mean() - (40 - 25)) < 1
    assert abs(columns.mean() - 40) < 1

"""The 68 landmarks of a face from its mesh of 468 points, in the order of iBUG 300-W that dlib's have.

The table was fitted to dlib's landmarks on 306 photographs of SCUT-FBP5500: of the mesh's points on the same
contour, those (or the middle of two neighbours) that lie nearest on average.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

# fmt: off
_POINTS = np.array(
    [
        # contour, from the viewer's left ear over the chin
        (127, 127), (234, 234), (132, 93), (58, 132), (172, 58), (136, 136), (149, 150), (148, 176),
        (152, 152), (377, 400), (378, 379), (365, 365), (397, 288), (288, 361), (361, 323), (454, 454),
        (356, 356),
        # brows
        (70, 70), (70, 105), (105, 66), (66, 107), (107, 55), (336, 285), (296, 336), (334, 296), (300, 334),
        (300, 300),
        # nose
        (168, 6), (197, 197), (195, 5), (4, 4), (98, 60), (97, 97), (2, 2), (326, 326), (327, 290),
        # eyes
        (33, 33), (160, 159), (158, 157), (133, 133), (153, 153), (144, 144), (362, 362), (385, 384),
        (387, 386), (263, 263), (373, 373), (380, 380),
        # outer lips
        (61, 61), (40, 39), (37, 37), (0, 0), (267, 267), (270, 269), (291, 291), (321, 405), (314, 314),
        (17, 17), (84, 84), (91, 181),
        # inner lips
        (78, 78), (82, 82), (13, 13), (312, 312), (308, 308), (317, 317), (14, 14), (87, 87),
    ]
)  # [68, 2] points of the mesh, whose middle is the landmark
# the nose, which stands out beyond the cheek of a face in profile
_NOSE = (
    1, 2, 3, 4, 5, 6, 19, 44, 45, 48, 49, 51, 59, 64, 75, 79, 94, 97, 98, 102, 115, 125, 131, 134, 141, 166,
    195, 197, 218, 219, 220, 235, 237, 238, 239, 240, 241, 242, 248, 274, 275, 278, 279, 281, 289, 294, 305,
    309, 326, 327, 331, 344, 354, 360, 363, 370, 392, 438, 439, 440, 455, 457, 458, 459, 460, 461, 462,
)
# fmt: on
CONTOUR = slice(0, 17)
_CHIN = (7, 9)  # first and last landmark of the contour below the face
_LEFT_EYE, _RIGHT_EYE = slice(36, 42), slice(42, 48)


def landmarks_of_mesh(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Landmarks [68, 2] of a mesh [468, 2 or 3], in its units.

    dlib's contour follows the visible outline. On the far side of a turned head that is the outline of the
    whole mesh, and not the ring of points that bounds a frontal face.
    """
    flat = points[:, :2]
    landmarks = flat[_POINTS].mean(1)
    across = landmarks[_RIGHT_EYE].mean(0) - landmarks[_LEFT_EYE].mean(0)
    across /= np.hypot(*across)
    turn = np.array([across, (-across[1], across[0])])  # rows: to the right and down, in the upright face
    outline = cv2.convexHull((np.delete(flat, list(_NOSE), axis=0) @ turn.T).astype(np.float32))[:, 0]
    contour = landmarks[CONTOUR] @ turn.T
    for index, (x, y) in enumerate(contour):
        left, right = _extent(outline, y)
        if index < _CHIN[0]:
            contour[index, 0] = min(x, left)
        elif index > _CHIN[1]:
            contour[index, 0] = max(x, right)
    landmarks[CONTOUR] = contour @ turn
    return np.asarray(landmarks)


def _extent(outline: NDArray[np.float32], y: float) -> tuple[float, float]:
    """The leftmost and rightmost x of a closed polygon [K, 2] at the height y; (inf, -inf) beside it."""
    x0, y0 = outline.T.astype(np.float64)
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    crossed = ((y0 <= y) & (y < y1)) | ((y1 <= y) & (y < y0))
    x0, y0, x1, y1 = x0[crossed], y0[crossed], x1[crossed], y1[crossed]
    found = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return (float(found.min()), float(found.max())) if found.size else (np.inf, -np.inf)

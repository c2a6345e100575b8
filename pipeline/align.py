"""The FFHQ crop of a face, and the exact map between crop and photograph.

The oriented square is the recipe of the FFHQ data set (Karras et al., "A style-based generator architecture
for generative adversarial networks", arXiv 1812.04948, ``download_ffhq.py``): centred between eyes and mouth,
as wide as the larger of two eye distances and 1.8 eye-to-mouth distances on either side. Where it reaches
past the frame, the photograph is continued by reflection and fades into blur.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pixels import as_channels
from pipeline.working_space import PLAIN, WorkingSpace

_EYE_SPAN = 2.0
_MOUTH_SPAN = 1.8
_CENTER_TOWARDS_MOUTH = 0.1


@dataclass(frozen=True)
class Alignment:
    """An oriented square in a photograph, and the map between it and its crop."""

    matrix: NDArray[np.float64]  # [2, 3] affine map, crop pixel → photo pixel, centres at whole numbers
    size: int  # side of the crop in pixels

    @property
    def side(self) -> float:
        """Side of the square in photo pixels."""
        return float(np.hypot(*self.matrix[:, 0])) * self.size

    def resized(self, size: int) -> "Alignment":
        """The same square cut at another size."""
        factor = self.size / size
        linear = self.matrix[:, :2] * factor
        shift = self.matrix[:, :2] @ np.full(2, (factor - 1.0) / 2.0)
        return Alignment(np.hstack([linear, (self.matrix[:, 2] + shift)[:, None]]), size)

    def from_corner(self, x: int, y: int) -> "Alignment":
        """The same square with crop pixels counted from pixel (x, y)."""
        shift = self.matrix[:, :2] @ np.array([x, y], np.float64)
        return Alignment(np.hstack([self.matrix[:, :2], (self.matrix[:, 2] + shift)[:, None]]), self.size)

    def to_crop(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Photo points [K, 2] in crop pixels."""
        return np.asarray(np.linalg.solve(self.matrix[:, :2], (points - self.matrix[:, 2]).T).T)

    def to_photo(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Crop points [K, 2] in photo pixels."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2])

    def bounds(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The smallest upright box around the square, cut to the photo: (left, top, right, bottom).

        Right and bottom are excluded.
        """
        last = self.size - 0.5
        corners = self.to_photo(np.array([[-0.5, -0.5], [last, -0.5], [last, last], [-0.5, last]]))
        left, top = np.floor(corners.min(0)).astype(int)
        right, bottom = np.ceil(corners.max(0)).astype(int) + 1
        return max(0, left), max(0, top), min(width, right), min(height, bottom)

    def cut(self, photo: NDArray[np.generic], space: WorkingSpace = PLAIN) -> NDArray[np.float32]:
        """The crop [S, S, 3] in [0, 1] of a photo [H, W, C] of any depth; area-filtered if it shrinks.

        Only the part of the photo around the square is converted to float.
        """
        height, width = photo.shape[:2]
        margin = int(0.02 * self.side) + 2
        left, top, right, bottom = self.bounds(height, width)
        left, top = max(0, left - margin), max(0, top - margin)
        right, bottom = min(width, right + margin), min(height, bottom + margin)
        region = photo[top:bottom, left:right]
        ratio = self.side / self.size  # photo pixels per crop pixel
        whole = int(ratio) if ratio >= 2.0 else 1
        source = space.decode(region if whole == 1 else _shrunk(region, whole))
        # Region pixel (x - left) lies at (x - left + 0.5) / whole - 0.5 in the shrunken region.
        linear = self.matrix[:, :2] / whole
        offset = (self.matrix[:, 2] - (left, top) + 0.5) / whole - 0.5
        if ratio / whole > 1.2:
            source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 * ratio / whole), np.float32)
        # OpenCV hangs when it reflects a picture that is one pixel wide.
        border = cv2.BORDER_REFLECT_101 if min(source.shape[:2]) > 1 else cv2.BORDER_REPLICATE
        crop = cv2.warpAffine(
            source,
            np.hstack([linear, offset[:, None]]),
            (self.size, self.size),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=border,
        )
        return np.clip(self._faded(np.asarray(crop, np.float32), height, width), 0.0, 1.0)

    def inside(self, height: int, width: int) -> NDArray[np.float32]:
        """Distance [S, S] of each crop pixel to the photo's frame, in crop pixels; 0 outside."""
        y, x = np.mgrid[0 : self.size, 0 : self.size].astype(np.float32)
        matrix = self.matrix.astype(np.float32)
        px = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
        py = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
        distance = np.minimum(np.minimum(px, width - 1 - px), np.minimum(py, height - 1 - py))
        return np.asarray(np.maximum(distance + 0.5, 0.0) * (self.size / self.side), np.float32)

    def _faded(self, crop: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
        depth = self.inside(height, width)
        if depth.min() > 0.0:
            return crop
        # Past the frame first blur, then the median colour, as in FFHQ: no mirrored second face.
        outside = cv2.distanceTransform((depth <= 0.0).astype(np.uint8), cv2.DIST_L2, 5)[..., None]
        reach = 0.15 * self.size
        blurred = cv2.GaussianBlur(crop, (0, 0), 0.02 * self.size)
        crop = crop + (blurred - crop) * np.clip(3.0 * outside / reach, 0.0, 1.0)
        median = np.median(crop.reshape(-1, 3), axis=0)
        return np.asarray(crop + (median - crop) * np.clip(outside / reach - 0.3, 0.0, 1.0), np.float32)


def ffhq_alignment(landmarks: NDArray[np.float64], size: int) -> Alignment:
    """The FFHQ square around a face with landmarks [68, 2] in photo pixels, cut at ``size`` pixels."""
    left_eye, right_eye = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    eyes, between = (left_eye + right_eye) / 2.0, right_eye - left_eye
    mouth = (landmarks[48] + landmarks[54]) / 2.0
    down = mouth - eyes
    axis = between + np.array([down[1], -down[0]])
    axis *= max(np.hypot(*between) * _EYE_SPAN, np.hypot(*down) * _MOUTH_SPAN) / np.hypot(*axis)
    center = eyes + down * _CENTER_TOWARDS_MOUTH
    across, along = 2.0 * axis / size, 2.0 * np.array([-axis[1], axis[0]]) / size
    linear = np.stack([across, along], 1)
    offset = center - linear @ np.full(2, (size - 1) / 2.0)
    return Alignment(np.hstack([linear, offset[:, None]]), size)


def _shrunk(region: NDArray[np.generic], factor: int) -> NDArray[np.generic]:
    """The region, box-filtered; edge rows and columns that do not fill a box are dropped."""
    height, width = (max(1, n // factor) for n in region.shape[:2])
    trimmed = np.ascontiguousarray(region[: height * factor, : width * factor])
    return as_channels(cv2.resize(trimmed, (width, height), interpolation=cv2.INTER_AREA))

"""A face that is measured: its photo, and its crop before and after any look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Area, Picture, Points, bare_skin
from pipeline.align import Alignment
from pipeline.held_back import held_back
from pipeline.local_face import face_crop
from pipeline.photo import Photo
from pipeline.pixels import as_channels
from pipeline.working_space import PLAIN, WorkingSpace
from retouchml import Look


@dataclass(frozen=True)
class Subject:
    """The largest face of a photo."""

    photo: Photo
    pixels: NDArray[np.generic]  # of the photo, [H, W, C]
    space: WorkingSpace  # of these
    before: Picture  # [S, S, 3], the crop of the photograph
    alignment: Alignment  # of the crop
    points: Points  # [68, 2] the photo's landmarks in it

    @classmethod
    def of(cls, photo: Photo, pixels: NDArray[np.generic], space: WorkingSpace = PLAIN) -> "Subject":
        """The largest face of a photo [H, W] or [H, W, C] that shows one."""
        landmarks = np.array(photo.faces[0].landmarks)
        channels = as_channels(pixels)
        crop, alignment = face_crop(channels, landmarks, space)
        return cls(photo, channels, space, crop, alignment, alignment.to_crop(landmarks))

    def retouched(self, look: Look) -> NDArray[np.generic]:
        """The photo [H, W, C] with a look."""
        return as_channels(self.photo.apply(self.photo.render({0: look})))

    def crop_of(self, retouched: NDArray[np.generic]) -> Picture:
        """The face's crop [S, S, 3] of the photo after a retouch."""
        return self.alignment.cut(retouched, self.space)

    def alone(self, **sliders: float) -> Picture:
        """The crop with these sliders set, and nothing else."""
        return self.crop_of(self.retouched(Look(strength=0.0, edits=sliders)))

    def has_whole(self, slider: str) -> bool:
        """Whether this face gets a slider as it is set: nothing about it is held back."""
        look = Look(strength=0.0, edits={slider: 1.0})
        return held_back(look, self.photo.faces[0].quality).value(slider) == 1.0

    @property
    def skin(self) -> Area:
        """Where [S, S] the crop shows bare skin of the face."""
        return bare_skin(self.before, self.points)

"""What is known of a face without the generator: its crop, masks and regions, and its local retouch."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment, ffhq_alignment
from pipeline.change import Change
from pipeline.flow import displaced
from pipeline.gaze import Gaze, seen_eyes
from pipeline.head_room import HeadRoom
from pipeline.head_turn import HeadTurn
from pipeline.local.areas import bare_skin
from pipeline.local.retouch import LocalRetouch
from pipeline.masks import FaceMasks, face_masks, neighbour_weight
from pipeline.mesh import FaceMesh, Mesh
from pipeline.patch import Corners
from pipeline.person import PersonNetwork
from pipeline.regions import FaceRegions, face_regions
from pipeline.regions.geometry import smoothstep
from pipeline.resharpening import resharpened
from pipeline.shape import FaceShape, moves_head, shapes
from pipeline.shape_bound import shape_bound
from pipeline.shrunk import shrunk, with_fields_shrunk
from pipeline.skin import SkinLayers
from pipeline.tilt import HeadTilt
from pipeline.tone import held_color
from pipeline.window import Window
from pipeline.working_space import PLAIN, WorkingSpace
from retouchml.look import Look
from retouchml.sliders import GAZE, ROLL

_LARGEST, _SMALLEST, _STEP = 1024, 256, 64  # pixels of a crop's side
_FRAME = 40.0 / 1024.0  # of the side; regions fade out that far before the photograph's frame


@dataclass(frozen=True)
class Surroundings:
    """What is around a face, and what tells its head from that."""

    frame: tuple[int, int]  # height and width of the photograph
    others: tuple[NDArray[np.float64], ...]  # landmarks [68, 2] of the other faces, in pixels of its crop
    people: PersonNetwork | None


@dataclass(frozen=True)
class LocalFace:
    """A face ready for local sliders: the window of its crop [S, S] that any look may change."""

    landmarks: NDArray[np.float64]  # [68, 2] in pixels of the whole crop
    whole: NDArray[np.float32]  # [S, S, 3] in [0, 1], the whole crop
    window: Window
    alignment: Alignment  # of the window's pixels
    crop: NDArray[np.float32]  # [H, W, 3], the window of it
    masks: FaceMasks  # [H, W] each
    skin: SkinLayers  # [H, W] each
    regions: FaceRegions  # [H, W] each
    support: NDArray[np.uint8]  # [H, W] 1 where a look may change something
    moving: NDArray[np.uint8]  # [H, W] 1 where one may that needs the generator
    around: Surroundings
    mesh: Mesh | None = None  # in pixels of the whole crop
    full: "LocalFace | None" = None  # the face that this is a shrunk copy of

    @property
    def size(self) -> int:
        """S, the side of the crop."""
        return int(self.whole.shape[0])

    @cached_property
    def retouch(self) -> LocalRetouch:
        """The local sliders of this face."""
        full = None if self.full is None else self.full.retouch
        scale = self.alignment.side / self.alignment.size
        return LocalRetouch(self.crop, self.regions, self.size, full, scale)

    @cached_property
    def shape(self) -> FaceShape:
        """The shape sliders of this face."""
        corner = np.array([self.window.left, self.window.top])
        points = self.landmarks - corner
        bound = shape_bound(self.crop, points, self.masks, self.size)
        return FaceShape(points, self.masks.motion, bound, self.size)

    @cached_property
    def gaze(self) -> Gaze:
        """Where the eyes of this face may look."""
        if self.full is not None:
            return self.full.gaze.resized(self.size / self.full.size)
        glasses = np.zeros((self.size, self.size), np.float32)
        self.window.put(self.regions.glasses, glasses)
        scale = self.alignment.side / self.alignment.size
        return Gaze(seen_eyes(self.whole, self.landmarks, self.mesh, glasses, scale))

    @cached_property
    def tilt(self) -> HeadTilt:
        """How the head of this face may turn in the picture's plane."""
        return HeadTilt(self._room) if self.full is None else self.full.tilt.resized(self.size)

    @cached_property
    def turn(self) -> HeadTurn:
        """How the head of this face may turn to the sides, up and down."""
        if self.full is not None:
            return self.full.turn.resized(self.size)
        return HeadTurn.of(self._room, self.landmarks, self.mesh)

    @cached_property
    def _room(self) -> HeadRoom:
        around, whole = self.around, whole_alignment(self)
        return HeadRoom.of(self.whole, self.landmarks, whole, around.frame, around.others, around.people)

    def shrunk(self, factor: int) -> "LocalFace":
        """The face with fewer pixels, for previews; ``factor``: 2 or 4, by which sides are divided."""
        shape = (self.crop.shape[0], self.crop.shape[1])

        def any_of(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return (shrunk(mask.astype(np.float32), factor) > 0.0).astype(np.uint8)

        return LocalFace(
            (self.landmarks + 0.5) / factor - 0.5,
            shrunk(self.whole, factor),
            self.window.shrunk(factor),
            self.alignment.resized(self.size // factor),
            shrunk(self.crop, factor),
            with_fields_shrunk(self.masks, shape, factor),
            with_fields_shrunk(self.skin, shape, factor),
            with_fields_shrunk(self.regions, shape, factor),
            any_of(self.support),
            any_of(self.moving),
            self.around,
            full=self,
        )

    def change(self, look: Look) -> Change:
        """The change of the window for the local sliders of a look; nothing moves."""
        color = self.retouch.change(look)
        if color.any():
            skin = bare_skin(self.regions)
            color += held_color(self.crop, self.crop + color, skin, self.masks.inner, self.size)
        return Change.of_color(color)

    def reshaped(self, change: Change, look: Look) -> Change:
        """A change of the window with the gaze and the shape sliders of a look, too."""
        gaze = look.value(GAZE)
        if gaze:
            corner = np.array([self.window.left, self.window.top], np.float64)
            change = change.reshaped(self.gaze.flow(gaze, change.flow, corner))
        return change.reshaped(self.shape.flow(look)) if shapes(look) else change

    def area(self, look: Look, window: Window) -> Corners:
        """Left, top, right and bottom, in pixels of the whole crop, of all that a look may change.

        window: of the crop, in which what turns with the head was changed
        """
        left, top, right, bottom = window.left, window.top, window.right, window.bottom
        areas = [self.tilt.area] if look.value(ROLL) else []
        areas += [self.turn.area] if any(look.turn) else []
        for each in areas:
            left, top = min(left, each[0]), min(top, each[1])
            right, bottom = max(right, each[2]), max(bottom, each[3])
        return left, top, right, bottom

    def reach(self, look: Look, *, generated: bool = False) -> tuple[Alignment, NDArray[np.uint8]]:
        """An alignment, and where in its pixels [h, w] a look may change something.

        generated: whether the generator's pixels show it, in the whole crop
        """
        if not generated and not moves_head(look):
            return self.alignment, self.support
        window = Window(0, 0, self.size, self.size) if generated else self.window
        left, top, right, bottom = self.area(look, window)
        return whole_alignment(self).from_corner(left, top), np.ones((bottom - top, right - left), np.uint8)

    def placed(self, change: Change, look: Look) -> "Placed":
        """A change of the window with all that displaces the photograph's own pixels, and where it is."""
        return self.turned(self.reshaped(change, look), self.support, look, self.window)

    def turned(
        self,
        change: Change,  # [H, W]
        support: NDArray[np.uint8],  # [H, W] where it may change something
        look: Look,
        window: Window,  # of the whole crop, in which it is
    ) -> "Placed":
        """A change whose head is turned as a look says."""
        left, top, right, bottom = area = self.area(look, window)
        corner = left - self.window.left, top - self.window.top
        alignment = self.alignment.from_corner(*corner)
        if not moves_head(look):
            return Placed(change, alignment, support, corner)
        inner = Window(window.left - left, window.top - top, window.right - left, window.bottom - top)
        canvas = Change.of_color(np.zeros((bottom - top, right - left, 3), np.float32))
        canvas.put(change, inner)
        flow = self._head_flow(look, area)
        canvas = canvas.reshaped(flow)
        self._sharpen(canvas, flow, area)
        changed = np.asarray(canvas.flow.any(2), np.uint8)
        inner.put(inner.of(changed) | support, changed)
        return Placed(canvas, alignment, changed, corner)

    def _head_flow(self, look: Look, area: Corners) -> NDArray[np.float32]:
        """The backward flow [h, w, 2] of an area of the crop by which a look turns and tilts the head."""
        flow = self.turn.flow(*look.turn, area) if any(look.turn) else None
        roll = look.value(ROLL)
        if not roll:
            return np.zeros((area[3] - area[1], area[2] - area[0], 2), np.float32) if flow is None else flow
        tilt = self.tilt.flow(roll, area)
        return tilt if flow is None else np.asarray(tilt + displaced(flow, tilt), np.float32)

    def _sharpen(self, change: Change, flow: NDArray[np.float32], area: Corners) -> None:
        """Add to a change of an area of the crop what moving the head costs eyes, brows and lips."""
        left, top, right, bottom = area
        x, y = max(left, 0), max(top, 0)
        crop = self.whole[y : min(bottom, self.size), x : min(right, self.size)]
        part = Window(x - left, y - top, x - left + crop.shape[1], y - top + crop.shape[0])
        features = np.zeros((self.size, self.size), np.float32)
        self.window.put(self.masks.features, features)
        features = features[y : y + crop.shape[0], x : x + crop.shape[1]]
        scale = self.alignment.side / self.alignment.size
        added = resharpened(crop, np.zeros_like(crop), part.of(flow), features, scale)
        part.put(part.of(change.color) + added, change.color)


def whole_alignment(local: LocalFace) -> Alignment:
    """The alignment of the whole crop of a face, of which it keeps a window's."""
    return local.alignment.from_corner(-local.window.left, -local.window.top)


@dataclass(frozen=True)
class Placed:
    """A change, and where in the photo it is."""

    change: Change  # [H, W]
    alignment: Alignment  # of its pixels
    support: NDArray[np.uint8]  # [H, W] 1 where the photo may change
    corner: tuple[int, int] = (0, 0)  # of its pixels in the face's window


def face_crop(
    photo: NDArray[np.generic], landmarks: NDArray[np.float64], space: WorkingSpace = PLAIN
) -> tuple[NDArray[np.float32], Alignment]:
    """The FFHQ crop of a face at about the photo's own scale, 256 to 1024 px, and its alignment."""
    side = ffhq_alignment(landmarks, _LARGEST).side
    size = int(np.clip(np.ceil(side / _STEP) * _STEP, _SMALLEST, _LARGEST))
    alignment = ffhq_alignment(landmarks, size)
    return alignment.cut(photo, space), alignment


def local_face(
    photo: NDArray[np.generic],  # [H, W, C]
    landmarks: NDArray[np.float64],  # [68, 2] in photo pixels
    neighbours: Sequence[NDArray[np.float64]],  # landmarks of the other faces
    mesh: FaceMesh | None,  # regions are told better with it
    seconds: dict[str, float],  # by step; what the steps take is added
    space: WorkingSpace = PLAIN,
    people: PersonNetwork | None = None,  # heads are told better with it
) -> LocalFace:
    """Crop a face and find its masks and regions."""
    clock = StepClock(seconds)
    crop, alignment = face_crop(photo, landmarks, space)
    points = alignment.to_crop(landmarks)
    clock.lap("align")
    inside = alignment.inside(*photo.shape[:2])
    masks = face_masks(crop, points, inside)
    finer = None if mesh is None else mesh.mesh_in_crop(crop)
    regions = face_regions(crop, points, None if finer is None else finer.points[:, :2], masks)
    if inside.min() < _FRAME * crop.shape[0]:
        regions = regions.weighted(smoothstep(inside, 0.0, _FRAME * crop.shape[0]))
    others = tuple(alignment.to_crop(other) for other in neighbours)
    weight = neighbour_weight(points, others, crop.shape[0])
    if weight is not None:
        masks, regions = masks.weighted(weight), regions.weighted(weight)
    moving = (masks.motion > 0) | (masks.tone > 0) | (masks.mouth > 0)
    support = moving | regions.touched
    window = Window.around(support, crop.shape[0])
    face = LocalFace(
        points,
        crop,
        window,
        alignment.from_corner(window.left, window.top),
        window.of(crop),
        window.of_masks(masks),
        SkinLayers.of(crop, masks.skin).within(window),
        regions.within(window),
        window.of(support.astype(np.uint8)),
        window.of(moving.astype(np.uint8)),
        Surroundings((photo.shape[0], photo.shape[1]), others, people),
        finer,
    )
    clock.lap("masks")
    return face


class StepClock:
    """Measures the seconds of one step after the other."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def lap(self, step: str) -> None:
        """Add the seconds since the last call to a step's total."""
        now = time.monotonic()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now

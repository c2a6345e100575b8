"""Tunes the generator to one face, so that the picture of its code is the photograph (pivotal tuning).

Roich et al., "Pivotal tuning for latent-based editing of real images", ACM TOG 2022 (arXiv 2106.05744). The
face is first inverted; its code is the pivot and stays. A few steps of Adam on the generator's weights then
bring its picture to the crop: colours and gradients over octaves, most of them inside the head, and the
person by the recognition network.

Weights that only know the photograph forget what a slider does: codes beside the pivot show the photograph,
too. So at each step one slider is moved, and the picture of that code is drawn to the crop plus what the
untuned generator's picture changes by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.edits import EditApplier
from pipeline.head import head_mask
from pipeline.inversion_step import FEATURES_WEIGHT, IDENTITY_WEIGHT
from pipeline.inversion_target import TARGET, Octave, Recognition, Target, face_weight, octaves, picture_loss
from pipeline.latent_network import fingerprint
from pipeline.person import PersonNetwork
from pipeline.threads import threads_restored, use_share
from retouchml.errors import UsageError
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from stylegan2.generator import Generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.mobile.tuning import TunableNetwork, changes_fit

VERSION = 2  # of the recipe; cached weights of another version are not used
_RATE = 1e-3  # of Adam
_WARM, _COOL = 5, 0.35  # steps in which the rate rises, share of the steps in which it falls to zero
_BETAS = 0.9, 0.99
_EPSILON = 1e-8
_BACKGROUND = 0.25  # weight of pixels outside the head
_MOVED = (("age", 1.0), ("smile", 1.0), ("age", -1.0), ("mouth", 1.0), ("smile", -1.0))
_MOVED_SIDE, _MOVED_OCTAVES, _MOVED_WEIGHT = 256, 4, 0.7  # pixels; of their pictures, in the loss
_OCTAVES = 4


@dataclass(frozen=True)
class TuningStage:
    """Steps at one picture size."""

    resolution: int
    steps: int


RECIPE = (TuningStage(256, 36), TuningStage(512, 12))


@dataclass(frozen=True)
class Tuning:
    """What a generator's weights change by so that it shows one face, and how well it then does."""

    changes: dict[str, Tensor]  # float16, by the name of the weight
    psnr: float  # dB, inside the face, of the last picture that was compared


def recipe_for(size: int) -> tuple[TuningStage, ...]:
    """The stages for a crop of a side; one without detail at 512 px needs none there."""
    return RECIPE[:1] if size <= TARGET else RECIPE


class TuningRun:
    """The tuning of a generator to one face, a step at a time: it may be left, and goes on where it was."""

    nbytes = 48 << 20  # about what it holds while nobody works on it

    def __init__(
        self,
        generator: MobileGenerator,
        recognition: Recognition,
        edits: EditApplier,
        face: tuple[NDArray[np.float32], NDArray[np.float64]],  # as in ``Tuner.begin``
        w_plus: Tensor,
        stages: Sequence[TuningStage],
        people: PersonNetwork | None,
    ) -> None:
        self._crop, self._landmarks = face
        self._people = people
        self._device = generator.device
        self._w_plus = w_plus
        self._stages = [stage for stage in stages for _ in range(stage.steps)]  # of each step
        self._network = TunableNetwork(generator.network, half=generator.has_short_numbers)
        self._target = Target.of(*face, recognition, generator.device, frozenset({TARGET}))
        self._moved = _moved(generator, edits, *face, w_plus, people)
        self._adam = _Adam(self._network.parameters)
        self._scales: tuple[int, tuple[Octave, ...], Tensor] | None = None  # of a resolution
        self._psnr = float("nan")
        self.done = 0

    @property
    def total(self) -> int:
        """How many steps there are."""
        return len(self._stages)

    @property
    def tuning(self) -> Tuning:
        """The weights that it has so far."""
        changes = {name: change.half().cpu() for name, change in self._network.changes().items()}
        return Tuning(changes, self._psnr)

    def step(self, cancel: Cancel) -> None:
        """One more step; one that is cancelled in the middle is done anew. Raises Cancelled."""
        check(cancel)
        self._adam.forget()
        side = self._stages[self.done].resolution
        scales, face = self._scales_at(side)
        image = self._network.image(self._w_plus, side)[None].clone().requires_grad_(True)
        with torch.enable_grad():
            distance, features = self._target.person(F.avg_pool2d(image, side // TARGET))
            loss = picture_loss(image, scales)
            loss = loss + IDENTITY_WEIGHT * distance.square() + FEATURES_WEIGHT * features
        (gradient,) = torch.autograd.grad(loss, image)
        with torch.no_grad():
            self._network.backward(gradient[0])
            psnr = _psnr(image, scales[0].target, face)
        check(cancel)
        code, wanted = self._moved[self.done % len(self._moved)]
        image = self._network.image(code, _MOVED_SIDE)[None].clone().requires_grad_(True)
        with torch.enable_grad():
            loss = _MOVED_WEIGHT * picture_loss(image, wanted)
        (gradient,) = torch.autograd.grad(loss, image)
        self.done, self._psnr = self.done + 1, psnr
        falling = (self.total - self.done + 1) / (_COOL * self.total)
        with torch.no_grad():
            self._network.backward(gradient[0])
            self._adam.step(_RATE * min(1.0, self.done / _WARM, falling))

    def rest(self) -> None:
        """Release the memory that it needs only while it works."""
        self._network.release()

    def _scales_at(self, side: int) -> tuple[tuple[Octave, ...], Tensor]:
        if self._scales is None or self._scales[0] != side:
            face = self._crop, self._landmarks
            self._scales = side, *_scales(*face, side, self._device, self._people)
        return self._scales[1:]


class Tuner:
    """Tunes one generator with the recognition network."""

    def __init__(
        self,
        generator: MobileGenerator,
        recognition: Recognition,
        edits: EditApplier,
        people: PersonNetwork | None = None,  # which bounds the head
    ) -> None:
        self._generator = generator
        self._edits = edits
        self._recognition = recognition
        self._people = people

    @classmethod
    def of(
        cls,
        generator: Generator,
        recognition: Recognition,
        edits: EditApplier,
        people: PersonNetwork | None = None,
    ) -> "Tuner | None":
        """The tuner of a generator; None for one that cannot be tuned."""
        return cls(generator, recognition, edits, people) if isinstance(generator, MobileGenerator) else None

    @property
    def identity(self) -> str:
        """A string that differs for every tuner that would find other weights."""
        numbers = "bfloat16" if self._generator.has_short_numbers else "float32"
        edits = fingerprint(self._edits.attributes)
        heads = "colours" if self._people is None else "people"
        return f"{self._generator.identity}/{VERSION}/{RECIPE}/{numbers}/{edits}/{heads}"

    def fits(self, tuning: Tuning) -> bool:
        """Whether tuned weights are this generator's, by their names and shapes."""
        return changes_fit(self._generator.network, tuning.changes)

    def network(self, tuning: Tuning) -> TunableNetwork:
        """The network with tuned weights. Raises ModelCorrupt if they are another network's."""
        network = TunableNetwork(self._generator.network, half=False)
        network.load(tuning.changes)
        return network

    def begin(
        self,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: NDArray[np.float64],  # [68, 2] in crop pixels
        w_plus: Tensor,  # [L, W] its code
        *,
        recipe: Sequence[TuningStage] | None = None,
    ) -> TuningRun:
        """A tuning without a step yet."""
        stages = recipe_for(crop.shape[0]) if recipe is None else recipe
        face = crop, landmarks
        parts = self._generator, self._recognition, self._edits
        return TuningRun(*parts, face, w_plus, stages, self._people)

    @threads_restored()
    def finish(self, run: TuningRun, *, progress: Progress = silent, cancel: Cancel = NEVER) -> Tuning:
        """The weights after the steps that are left. Raises Cancelled, and the run has the steps so far."""
        threads = torch.get_num_threads()
        try:
            while run.done < run.total:
                use_share(threads, self._generator.device)
                run.step(cancel)
                progress("tune", run.done / run.total, None)
        finally:
            run.rest()
        return run.tuning


def no_tuner() -> UsageError:
    """The error of a look that shows the generator's pixels where the generator cannot be tuned."""
    return UsageError(
        "This generator cannot be tuned to a face, so it has no generated mode.",
        "Use the model ffhq-mobile with the engine torch, or --render photo and no slider for hair.",
    )


class _Adam:
    """Adam (Kingma and Ba, arXiv 1412.6980); torch's own class imports its compiler, which takes a second."""

    def __init__(self, parameters: tuple[Tensor, ...]) -> None:
        self._parameters = parameters
        self._means = [torch.zeros_like(each) for each in parameters]
        self._squares = [torch.zeros_like(each) for each in parameters]
        self._count = 0

    def forget(self) -> None:
        """Drop the gradients of a step that was cancelled."""
        for parameter in self._parameters:
            parameter.grad = None

    def step(self, rate: float) -> None:
        """A step against the gradients that the parameters have."""
        self._count += 1
        of_mean, of_square = (1.0 - beta**self._count for beta in _BETAS)
        for parameter, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
            gradient = parameter.grad
            assert gradient is not None
            mean.lerp_(gradient, 1.0 - _BETAS[0])
            square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1.0 - _BETAS[1])
            parameter.grad = None
            parameter.sub_(rate * (mean / of_mean) / ((square / of_square).sqrt() + _EPSILON))


def _moved(
    generator: MobileGenerator,
    edits: EditApplier,
    crop: NDArray[np.float32],
    landmarks: NDArray[np.float64],
    w_plus: Tensor,
    people: PersonNetwork | None,
) -> list[tuple[Tensor, tuple[Octave, ...]]]:
    """Codes beside the pivot, and what their pictures should be."""
    target, weight = _target(crop, landmarks, _MOVED_SIDE, generator.device, people, background=0.0)
    codes = [edits.apply(w_plus, {name: value}) for name, value in _MOVED]
    with torch.no_grad():
        shown, *others = (generator.synthesize(code[None], _MOVED_SIDE) for code in [w_plus, *codes])
    return [
        (code, octaves(target + other - shown, weight, _MOVED_OCTAVES))
        for code, other in zip(codes, others, strict=True)
    ]


def _scales(
    crop: NDArray[np.float32],
    landmarks: NDArray[np.float64],
    side: int,
    device: torch.device,
    people: PersonNetwork | None,
) -> tuple[tuple[Octave, ...], Tensor]:
    """The target at one size over octaves, and the face [1, 1, R, R]."""
    target, weight = _target(crop, landmarks, side, device, people, _BACKGROUND)
    face = face_weight((landmarks + 0.5) * (side / crop.shape[0]) - 0.5, side)
    return octaves(target, weight, _OCTAVES), torch.from_numpy(face)[None, None].to(device)


def _target(
    crop: NDArray[np.float32],
    landmarks: NDArray[np.float64],
    side: int,
    device: torch.device,
    people: PersonNetwork | None,
    background: float,
) -> tuple[Tensor, Tensor]:
    """The crop [1, 3, R, R] in [-1, 1] at one size, and the weight [1, 1, R, R] of its pixels."""
    size = crop.shape[0]
    interpolation = cv2.INTER_AREA if size > side else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(crop, (side, side), interpolation=interpolation), np.float32)
    points = (landmarks + 0.5) * (side / size) - 0.5
    head = np.maximum(face_weight(points, side), head_mask(small, points, people))
    weight = background + (1.0 - background) * head
    image = torch.from_numpy(np.clip(small, 0.0, 1.0) * 2.0 - 1.0).permute(2, 0, 1)[None].to(device)
    of_pixels = torch.from_numpy(weight.astype(np.float32))[None, None].to(device)
    return image, of_pixels


def _psnr(image: Tensor, target: Tensor, face: Tensor) -> float:
    """Of a picture of values in [-1, 1], in dB, inside the face."""
    error = ((image - target) * 0.5).square().mean(1, keepdim=True)
    return float(-10.0 * torch.log10((error * face).sum() / face.sum()))

"""What a worker holds: loaded engines and open photos, and the work that is done with them."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon import pixel_conversion
from daemon.memory.blocks import Block
from daemon.processes import resident_bytes
from retouchml.backend import Backend, BackendFactory
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError, UsageError
from retouchml.progress import Cancel, Progress

_MODELS_KEPT = 2
_OUT_OF_MEMORY = (
    "out of memory",
    "DefaultCPUAllocator",
    "_STATUS_ALLOC_FAILED",
)  # CUDA and MPS, torch, cuBLAS
_Result = TypeVar("_Result")


class PreparedPhoto(Protocol):
    """``pipeline.retoucher.Photo``, as far as it is used here."""

    @property
    def faces(self) -> Sequence[Any]: ...
    @property
    def seconds(self) -> Mapping[str, float]: ...

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None: ...

    def render(
        self, looks: Mapping[int, Any], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Sequence[Any]: ...

    def report(self, patches: Sequence[Any]) -> Sequence[Any]: ...


@dataclass
class OpenPhoto:
    """A photo as it was sent, and as the pipeline sees it; ``photo`` is None until it is opened."""

    wire: NDArray[Any]
    picture: PixelFormat
    model: str
    device: str
    photo: PreparedPhoto | None = None


@dataclass(frozen=True)
class Answer:
    """Fields and data frames of a ``result`` or a ``preview``."""

    fields: dict[str, Any]
    frames: list[NDArray[Any]] = field(default_factory=list)


class Either:
    """Set when one of two events is."""

    def __init__(self, first: Cancel, second: Cancel) -> None:
        self._events = (first, second)

    def is_set(self) -> bool:
        """Whether to stop."""
        return any(event.is_set() for event in self._events)


class Executor:
    """Engines by model and photos by name, on one device."""

    def __init__(self, device: str, engine: str = "") -> None:
        """engine: "module:function" to make engines with, in place of the pipeline."""
        self._device = device
        self._factory_name = engine
        self._engines: dict[tuple[str, str], Backend] = {}
        self._photos: dict[str, OpenPhoto] = {}

    @property
    def models(self) -> list[str]:
        """Loaded ones."""
        return list(dict.fromkeys(model for model, _ in self._engines))

    def take(self, name: str, block: Block, picture: PixelFormat, model: str, device: str) -> None:
        """Hold a photo; it is opened when first used. device: "" for the executor's own."""
        wire = pixel_conversion.view(block.map(), picture)
        self._photos[name] = OpenPhoto(wire, picture, model, device or self._device)
        block.close()

    def forget(self, name: str) -> None:
        """Let go of a photo."""
        self._photos.pop(name, None)

    def open(self, name: str, progress: Progress, stop: Cancel) -> Answer:
        """Find the faces."""
        held = self._photos[name]
        photo = self._with_memory(name, lambda: self._opened(held, progress, stop))
        faces = [
            {
                "box": [int(each) for each in face.box],
                "landmarks": np.asarray(face.landmarks, np.float64).tolist(),
                "score": float(face.score),
            }
            for face in photo.faces
        ]
        return Answer(
            {"faces": faces, "model": held.model, "device": held.device, "seconds": _seconds(photo)}
        )

    def prepare(self, name: str, faces: Sequence[int] | None, progress: Progress, stop: Cancel) -> Answer:
        """Do the slow part."""

        def work() -> PreparedPhoto:
            photo = self._opened(self._photos[name], progress, stop)
            photo.prepare(faces, progress=progress, cancel=stop)
            return photo

        return Answer({"seconds": _seconds(self._with_memory(name, work))})

    def render(
        self,
        render: Render,
        progress: Progress,
        stop: Cancel,
        superseded: Cancel,
        preview: Callable[[Answer], None],
    ) -> Answer:
        """Patches. ``stop`` ends it at once, ``superseded`` lets a running preparation end first."""
        held = self._photos[render.photo]

        def work() -> tuple[PreparedPhoto, Sequence[Any]]:
            photo = self._opened(held, progress, stop)
            self._check(held, photo, render)
            active = [face for face, look in render.looks.items() if not look.untouched]
            photo.prepare(active, progress=progress, cancel=stop)
            either = Either(stop, superseded)
            return photo, photo.render(render.looks, progress=progress, cancel=either)

        photo, patches = self._with_memory(render.photo, work)
        converted = []
        for patch in patches:
            height, width = patch.pixels.shape[:2]
            box = (int(patch.x), int(patch.y), width, height)
            original = held.wire[patch.y : patch.y + height, patch.x : patch.x + width]
            converted.append(
                (patch.face, box, *pixel_conversion.from_pipeline(patch.pixels, original, held.picture))
            )
        if render.size != "full":
            small = [
                (face, box, *pixel_conversion.reduced(pixels, picture, render.preview_side))
                for face, box, pixels, picture in converted
            ]
            if render.size == "both":
                preview(_patches(small, [], photo))
            else:
                converted = small
        reports = [_report(each) for each in photo.report(patches)] if render.report else []
        return _patches(converted, reports, photo)

    def edits(self, model: str, device: str, progress: Progress) -> Answer:
        """The manual sliders. device: "" for the executor's own."""
        engine = self._engine(model, device or self._device, progress)
        edits = [
            {
                "name": edit.name,
                "low": float(edit.low),
                "high": float(edit.high),
                "description": edit.description,
            }
            for edit in engine.edits
        ]
        return Answer({"model": model, "device": engine.device, "edits": edits})

    def _opened(self, held: OpenPhoto, progress: Progress, stop: Cancel) -> PreparedPhoto:
        if held.photo is None:
            engine = self._engine(held.model, held.device, progress)
            pixels = pixel_conversion.to_pipeline(held.wire, held.picture)
            photo: Any = engine.open(pixels, progress=progress, cancel=stop)
            held.photo, held.device = photo, engine.device
        return held.photo

    def _engine(self, model: str, device: str, progress: Progress) -> Backend:
        known = self._engines.get((model, device))
        if known is not None:
            return known
        progress("load", 0.0, None)
        self._drop_oldest()
        engine = _factory(self._factory_name)(model, device)
        # "auto" and the device that it came to are one and the same engine
        engine = self._engines.setdefault((model, engine.device), engine)
        self._engines[model, device] = engine
        progress("load", 1.0, 0.0)
        return engine

    def _drop_oldest(self) -> None:
        engines = list({id(engine): engine for engine in self._engines.values()}.values())
        dropped = engines[: len(engines) - _MODELS_KEPT + 1]
        self._engines = {name: each for name, each in self._engines.items() if each not in dropped}

    def _check(self, held: OpenPhoto, photo: PreparedPhoto, render: Render) -> None:
        count = len(photo.faces)
        engine = self._engines.get((held.model, held.device))
        known = {edit.name for edit in engine.edits} if engine is not None else None
        for face, look in render.looks.items():
            if face >= count:
                raise UsageError(f"There is no face {face}: {count} found, counted from 0.")
            for name in look.edits:
                if known is not None and name not in known:
                    raise UsageError(
                        f"There is no edit called {name}.", f"Known are: {', '.join(sorted(known))}."
                    )

    def _with_memory(self, name: str, work: Callable[[], _Result]) -> _Result:
        """The work's result: out of device memory it is tried with more of it, then on the CPU."""
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        self._make_room(name)
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        held = self._photos[name]
        held.photo, held.device = None, "cpu"
        self._make_room(name)
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                "Neither the accelerator nor the machine has enough memory.", "Close other programs."
            ) from error

    def _make_room(self, name: str) -> None:
        """Drop what was prepared for other photos, and every model but this one's."""
        mine = self._photos[name]
        for held in self._photos.values():
            if held is not mine:
                held.photo = None
        engine = self._engines.get((mine.model, mine.device))
        self._engines = {key: each for key, each in self._engines.items() if each is engine}
        torch = sys.modules.get("torch")
        gc.collect()
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


def usage(executor: Executor) -> dict[str, Any]:
    """Memory of this process and of its device, for ``status``, and the GPUs that it sees."""
    torch = sys.modules.get("torch")
    gpus = range(torch.cuda.device_count() if torch is not None and torch.cuda.is_available() else 0)
    reserved = [int(torch.cuda.memory_reserved(index)) for index in gpus] if torch is not None else []
    return {
        "memory": resident_bytes(os.getpid()),
        "device_memory": sum(reserved) if reserved else None,
        "models": executor.models,
        "devices": [f"cuda:{index}" for index in gpus],
    }


def _factory(engine: str) -> BackendFactory:
    if not engine:
        return _local_backend
    module, _, name = engine.partition(":")
    factory: BackendFactory = getattr(importlib.import_module(module), name)
    return factory


def _local_backend(model: str, device: str) -> Backend:
    from pipeline.retoucher import Retoucher

    return Retoucher(model, device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an engine's error means that memory, the device's or the machine's, is used up."""
    if isinstance(error, MemoryError):
        return True
    # torch.OutOfMemoryError is found by name, so that nothing needs torch here; what is below it only says so
    is_named = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    is_said = isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
    return is_named or is_said


def _seconds(photo: PreparedPhoto) -> dict[str, float]:
    return {name: float(value) for name, value in photo.seconds.items()}


def _patches(
    converted: Sequence[tuple[int, tuple[int, int, int, int], NDArray[Any], PixelFormat]],
    reports: list[dict[str, Any]],
    photo: PreparedPhoto,
) -> Answer:
    entries = [
        {"face": face, "x": x, "y": y, "width": width, "height": height, "picture": picture.fields()}
        for face, (x, y, width, height), _, picture in converted
    ]
    frames = [np.ascontiguousarray(pixels) for _, _, pixels, _ in converted]
    return Answer({"patches": entries, "report": reports, "seconds": _seconds(photo)}, frames)


def _report(report: Any) -> dict[str, Any]:
    return {
        "face": int(report.face),
        "box": [int(each) for each in report.box],
        "score_before": float(report.score_before),
        "score_after": float(report.score_after),
        "identity_distance": float(report.identity_distance),
        "patch": [int(each) for each in report.patch],
    }

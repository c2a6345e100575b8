"""Does the work of a worker: keeps loaded backends and open photos, and carries out requests with them."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon import pixel_conversion
from daemon.activity import resident_bytes
from daemon.memory.blocks import Block
from daemon.worker_messages import Usage
from retouchml.client.answers import EditList, Opened, Prepared, Rendered, WirePatch
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError
from retouchml.progress import Cancel, EitherCancel, Progress
from retouchml.results import Box
from retouchml.settings import PRECISIONS, PrecisionName

if TYPE_CHECKING:
    from pipeline.patch import Patch
    from pipeline.photo import Photo
    from pipeline.preview import PreviewPatch
    from pipeline.refined import Refined
    from pipeline.retoucher import Retoucher

_PIPELINE = "pipeline.retoucher:Retoucher"  # imported when it is first needed, which takes seconds
_MAX_BACKENDS = 2
_OUT_OF_MEMORY = (
    "out of memory",
    "DefaultCPUAllocator",
    "_STATUS_ALLOC_FAILED",
)  # of CUDA and MPS, torch, cuBLAS
_Result = TypeVar("_Result")


@dataclass
class _WorkerPhoto:
    """A photo in the worker: as it was sent, and as a backend opened it.

    pixels: [H, W, C] of the wire; icc: their colour profile, b"" for sRGB; at: places of faces that the
    search may miss; photo: None until a backend has opened it
    """

    pixels: NDArray[Any]
    picture: PixelFormat
    model: str
    device: str
    icc: bytes = b""
    photo: "Photo | None" = None
    at: Sequence[Box] = ()

    @cached_property
    def without_curve(self) -> PixelFormat:
        """The picture's format; the profile alone says what values mean, if there is one to heed."""
        from pipeline.working_space import profile_for

        profile = profile_for(self.icc, self.pixels)
        return replace(self.picture, encoding="srgb") if profile else self.picture


@dataclass(frozen=True)
class _ConvertedPatch:
    """A patch with the wire's pixels [h, w, C]; box: the rectangle of the photo that it covers."""

    face: int
    box: Box
    pixels: NDArray[Any]
    picture: PixelFormat

    def reduced(self, side: int) -> "_ConvertedPatch":
        """The patch with a longest side of ``side`` pixels at most."""
        pixels, picture = pixel_conversion.reduced(self.pixels, self.picture, side)
        return _ConvertedPatch(self.face, self.box, pixels, picture)

    def to_wire(self) -> WirePatch:
        """The patch of an answer."""
        pixels = np.ascontiguousarray(self.pixels).data.cast("B")
        return WirePatch(self.face, self.box, self.picture, pixels)


class Executor:
    """Loaded backends by model and device, open photos by name, and the requests that need them."""

    def __init__(self, device: str, factory: str = "", precision: PrecisionName = PRECISIONS[0]) -> None:
        """factory: "module:function" that makes backends in place of the pipeline, "" for the pipeline.

        precision: of the generator, on every device but the CPU
        """
        self._device = device
        self._factory = factory
        self._precision = precision
        self._backends: dict[tuple[str, str], Retoucher] = {}
        self._photos: dict[str, _WorkerPhoto] = {}
        self._ahead: Iterator[None] | None = None  # what was not asked for yet, see ``do_ahead``

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are loaded."""
        return tuple(dict.fromkeys(model for model, _ in self._backends))

    def take(
        self,
        name: str,
        block: Block,
        picture: PixelFormat,
        model: str,
        device: str,
        icc: bytes = b"",
        at: Sequence[Box] = (),
    ) -> None:
        """Keep a photo; a backend opens it when it is first used. device: "" for the executor's own."""
        pixels = pixel_conversion.view(block.map(), picture)
        self._photos[name] = _WorkerPhoto(pixels, picture, model, device or self._device, icc, at=at)
        block.close()

    def forget(self, name: str) -> None:
        """Free a photo."""
        self._photos.pop(name, None)
        self._ahead = None

    def open(self, name: str, progress: Progress, stop: Cancel) -> Opened:
        """Find the faces of a photo."""
        entry = self._photos[name]
        photo = self._with_memory(name, lambda: self._open(entry, progress, stop))
        return Opened(name, photo.faces, entry.model, entry.device, dict(photo.seconds))

    def prepare(self, name: str, faces: Sequence[int] | None, progress: Progress, stop: Cancel) -> Prepared:
        """Invert faces, all of them by default: the slow part."""

        def work() -> "Photo":
            photo = self._open(self._photos[name], progress, stop)
            photo.prepare(faces, progress=progress, cancel=stop)
            return photo

        return Prepared(dict(self._with_memory(name, work).seconds))

    def render(
        self,
        render: Render,
        progress: Progress,
        stop: Cancel,
        superseded: Cancel,
        on_preview: Callable[[Rendered], None],
    ) -> Rendered:
        """Render patches. ``stop`` ends it at once, ``superseded`` lets a running preparation end first."""
        entry = self._photos[render.photo]
        self._ahead = None
        previews: list[Rendered] = []

        def work() -> tuple["Photo", Sequence["Patch"]]:
            photo = self._open(entry, progress, stop)
            photo.check(render.looks)
            cancel = EitherCancel(stop, superseded)
            if self._is_previewed(render, photo):
                previews.append(self._preview(render, photo, progress, cancel))
                if render.size == "preview":
                    return photo, ()
                on_preview(previews[0])
            if render.refine:
                return photo, self._refined(render, photo, progress, stop, superseded, on_preview)
            needing = [face for face, look in render.looks.items() if look.needs_generator]
            photo.prepare(needing, progress=progress, cancel=stop)
            return photo, photo.render(render.looks, progress=progress, cancel=cancel)

        photo, patches = self._with_memory(render.photo, work)
        if previews:
            self._ahead = photo.ahead(sorted(render.looks), render.preview_side)
        if previews and render.size == "preview":
            return previews[-1]
        converted = [_convert(patch, entry) for patch in patches]
        faces = tuple(sorted(render.looks))
        if render.size != "full":
            reduced = [patch.reduced(render.preview_side) for patch in converted]
            if render.size == "both" and not previews:
                preview = tuple(patch.to_wire() for patch in reduced)
                on_preview(Rendered(preview, seconds=dict(photo.seconds), faces=faces))
            elif render.size == "preview":
                converted = reduced
        report = tuple(photo.report(patches)) if render.report else ()
        wired = tuple(patch.to_wire() for patch in converted)
        return Rendered(wired, report, dict(photo.seconds), faces=faces)

    def do_ahead(self) -> bool:
        """Do a part of what the next preview is likely to need; False if nothing is left to do."""
        if self._ahead is None:
            return False
        try:
            next(self._ahead)
        except StopIteration:
            self._ahead = None
        except Exception as error:  # nobody has asked for it: the next request meets the error itself
            sys.stderr.write(f"nothing was computed ahead: {error}\n")
            self._ahead = None
        return self._ahead is not None

    @staticmethod
    def _is_previewed(render: Render, photo: "Photo") -> bool:
        """Whether a render begins with a preview that is computed at its own size: nothing slow is left."""
        if render.size == "full" or (render.size == "preview" and render.report):
            return False
        return all(photo.is_prepared(face) for face, look in render.looks.items() if look.needs_generator)

    def _preview(self, render: Render, photo: "Photo", progress: Progress, cancel: Cancel) -> Rendered:
        entry, side = self._photos[render.photo], render.preview_side
        patches = photo.preview(render.looks, side, progress=progress, cancel=cancel)
        converted = [_convert(patch, entry).reduced(side) for patch in patches]
        wired = tuple(patch.to_wire() for patch in converted)
        scale = min((patch.picture.width / patch.box[2] for patch in converted), default=1.0)
        faces = tuple(sorted(render.looks))
        return Rendered(wired, (), dict(photo.seconds), faces=faces, scale=min(1.0, scale))

    def _refined(
        self,
        render: Render,
        photo: "Photo",
        progress: Progress,
        stop: Cancel,
        superseded: Cancel,
        on_preview: Callable[[Rendered], None],
    ) -> Sequence["Patch"]:
        """The final patches; what can be had sooner goes to ``on_preview``."""
        entry = self._photos[render.photo]
        patches: Sequence[Patch] = ()
        flags: dict[str, Cancel] = {"cancel": stop, "superseded": superseded}
        for step in photo.refined(render.looks, shown=render.shown, progress=progress, **flags):
            patches = step.patches
            if step.is_last:
                break
            on_preview(_preview(step, render, entry, photo))
        return patches

    def at_once(self, render: Render) -> Rendered | None:
        """What a render can show while a face is prepared. Raises UsageError."""
        entry = self._photos.get(render.photo)
        if entry is None or entry.photo is None:
            return None
        step = entry.photo.at_once(render.looks, render.shown)
        return None if step is None else _preview(step, render, entry, entry.photo)

    def list_edits(self, model: str, device: str, progress: Progress) -> EditList:
        """The sliders of a model. device: "" for the executor's own."""
        backend = self._backend(model, device or self._device, progress)
        return EditList(model, backend.device, tuple(backend.edits))

    def _open(self, entry: _WorkerPhoto, progress: Progress, stop: Cancel) -> "Photo":
        if entry.photo is None:
            backend = self._backend(entry.model, entry.device, progress)
            pixels = pixel_conversion.to_pipeline(entry.pixels, entry.without_curve)
            entry.photo = backend.open(pixels, icc=entry.icc, at=entry.at, progress=progress, cancel=stop)
            entry.device = backend.device
        return entry.photo

    def _backend(self, model: str, device: str, progress: Progress) -> "Retoucher":
        backend = self._backends.get((model, device))
        if backend is not None:
            return backend
        progress("load", 0.0, None)
        self._drop_oldest_backends()
        precision = PRECISIONS[0] if device == "cpu" else self._precision
        backend = _make_backend(self._factory, model, device, precision)
        # "auto" and the device that it stands for share one backend
        backend = self._backends.setdefault((model, backend.device), backend)
        self._backends[model, device] = backend
        progress("load", 1.0, 0.0)
        return backend

    def _drop_oldest_backends(self) -> None:
        backends = list({id(backend): backend for backend in self._backends.values()}.values())
        dropped = backends[: len(backends) - _MAX_BACKENDS + 1]
        self._backends = {key: each for key, each in self._backends.items() if each not in dropped}

    def _with_memory(self, name: str, work: Callable[[], _Result]) -> _Result:
        """The work's result; out of device memory, retried after freeing some, then on the CPU."""
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        self._free_memory(name)
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        entry = self._photos[name]
        entry.photo, entry.device = None, "cpu"
        self._free_memory(name)
        try:
            return work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                "Neither the accelerator nor the machine has enough memory.", "Close other programs."
            ) from error

    def _free_memory(self, name: str) -> None:
        """Drop what was prepared for other photos, and every backend but this photo's."""
        current = self._photos[name]
        for entry in self._photos.values():
            if entry is not current:
                entry.photo = None
        backend = self._backends.get((current.model, current.device))
        self._backends = {key: each for key, each in self._backends.items() if each is backend}
        torch = sys.modules.get("torch")
        gc.collect()
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


def usage(executor: Executor) -> Usage:
    """Memory of this process and of its device, the loaded models, and the GPUs that it sees."""
    torch = sys.modules.get("torch")
    gpus = range(torch.cuda.device_count() if torch is not None and torch.cuda.is_available() else 0)
    reserved = [int(torch.cuda.memory_reserved(index)) for index in gpus] if torch is not None else []
    return Usage(
        memory=resident_bytes(os.getpid()),
        device_memory=sum(reserved) if reserved else None,
        models=executor.models,
        devices=tuple(f"cuda:{index}" for index in gpus),
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory, the device's or the machine's, is used up."""
    if isinstance(error, MemoryError):
        return True
    # torch.OutOfMemoryError is recognised by name, so that torch need not be imported; older errors of torch
    # only say so in their text
    has_name = any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__)
    has_text = isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY)
    return has_name or has_text


def _make_backend(factory: str, model: str, device: str, precision: PrecisionName) -> "Retoucher":
    module, _, name = (factory or _PIPELINE).partition(":")
    backend: Retoucher = getattr(importlib.import_module(module), name)(model, device, precision=precision)
    return backend


def _preview(step: "Refined", render: Render, entry: _WorkerPhoto, photo: "Photo") -> Rendered:
    """The answer with a step of a retouch that gets finer."""
    converted = [_convert(patch, entry) for patch in step.patches]
    if render.size != "full":
        converted = [patch.reduced(render.preview_side) for patch in converted]
    wired = tuple(patch.to_wire() for patch in converted)
    return Rendered(wired, (), dict(photo.seconds), step.refinement, step.faces, step.scale)


def _convert(patch: "Patch | PreviewPatch", entry: _WorkerPhoto) -> _ConvertedPatch:
    x, y, width, height = (int(each) for each in patch.box)
    original = entry.pixels[y : y + height, x : x + width]
    if patch.pixels.shape[:2] != (height, width):
        rows, columns = (
            (np.arange(count) + 0.5) * length // count
            for count, length in zip(patch.pixels.shape[:2], (height, width), strict=True)
        )
        original = original[rows.astype(int)[:, None], columns.astype(int)]
    pixels, picture = pixel_conversion.from_pipeline(patch.pixels, original, entry.without_curve)
    picture = replace(picture, encoding=entry.picture.encoding)
    return _ConvertedPatch(patch.face, (x, y, width, height), pixels, picture)

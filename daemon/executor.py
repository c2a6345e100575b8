"""Does the work of a worker: keeps loaded backends and open photos, and carries out requests with them."""

import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from daemon import pixel_conversion
from daemon.activity import resident_bytes
from daemon.memory.blocks import Block
from daemon.photo_in_parts import composed
from daemon.worker_messages import Usage
from daemon.worker_photos import WorkerPhoto, WorkerPhotos, convert
from retouchml.client.answers import EditList, Opened, Prepared, Rendered
from retouchml.client.messages import Render
from retouchml.client.photo_parts import Part, exact_boxes
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError
from retouchml.progress import NEVER, Cancel, EitherCancel, Progress
from retouchml.results import Box
from retouchml.settings import PRECISIONS, PrecisionName

if TYPE_CHECKING:
    from pipeline.patch import Patch
    from pipeline.photo import Photo
    from pipeline.refined import Refined
    from pipeline.retoucher import Retoucher

_PIPELINE = "pipeline.retoucher:Retoucher"  # imported when it is first needed, which takes seconds
_MAX_BACKENDS = 2
_AFTER_A_FIRST_LOOK = 7
"""Steps ahead for a slider that is moved next; each holds up a moved slider that does not need it."""
_REST = 0.2
"""Seconds before the first step ahead: a slider that is being dragged must not wait for it."""
_REST_BEFORE_OTHERS = 3.0
"""The same before steps for a face that is not shown, whose sliders are further from the hand."""
_OUT_OF_MEMORY = (
    "out of memory",
    "DefaultCPUAllocator",
    "_STATUS_ALLOC_FAILED",
)  # of CUDA and MPS, torch, cuBLAS
_Result = TypeVar("_Result")


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
        self.photos = WorkerPhotos()
        self._ahead: Iterator[bool] | None = None  # what was not asked for yet, see ``do_ahead``
        self._rest = 0.0

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
        scorer: str = "",
        parts: Sequence[Part] = (),
        stop: Cancel = NEVER,
    ) -> None:
        """Keep a photo; a backend opens it when it is first used. device: "" for the executor's own.

        parts: what the block holds, if that is not the picture itself. Raises ProtocolError if they are
        damaged, or Cancelled; the photo is then unknown.
        """
        data = block.map()
        block.close()  # what is mapped stays
        pixels = composed(parts, data, picture, stop) if parts else pixel_conversion.view(data, picture)
        exact = exact_boxes(parts) if parts else None
        photo = WorkerPhoto(
            pixels, picture, model, device or self._device, icc, at=at, scorer=scorer, exact=exact
        )
        self.photos.take(name, photo)

    def forget(self, name: str) -> None:
        """Close a photo, whose memory stays until another one is opened: see ``WorkerPhotos``."""
        self.photos.close(name)
        self._ahead = None

    def open(self, name: str, progress: Progress, stop: Cancel) -> Opened:
        """Find the faces of a photo."""
        entry = self.photos[name]
        photo = self._with_memory(name, lambda: self._open(entry, progress, stop))
        needs = entry.lacking(photo.reads)
        return Opened(name, photo.faces, entry.model, entry.device, dict(photo.seconds), needs)

    def prepare(self, name: str, faces: Sequence[int] | None, progress: Progress, stop: Cancel) -> Prepared:
        """Invert faces, all of them by default: the slow part."""

        def work() -> "Photo":
            photo = self._open(self.photos[name], progress, stop)
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
        entry = self.photos[render.photo]
        self._ahead = None
        answer: list[Rendered] = []
        previewed: set[int] = set()
        cancel = EitherCancel(stop, superseded)

        def work() -> tuple["Photo", Sequence["Patch"]]:
            photo = self._open(entry, progress, stop)
            photo.check(render.looks)
            for faces in _previews_of(render, photo):
                preview = self._preview(render, photo, faces, progress, cancel)
                if render.size == "preview" and len(faces) == len(render.looks):
                    answer.append(preview)
                    return photo, ()
                on_preview(preview)
                previewed.update(faces)
            if render.refine:
                watched = progress, stop, superseded
                return photo, self._refined(render, photo, previewed, *watched, on_preview)
            needing = [face for face, look in render.looks.items() if look.needs_generator]
            photo.prepare(needing, progress=progress, cancel=stop)
            return photo, photo.render(render.looks, progress=progress, cancel=cancel)

        photo, patches = self._with_memory(render.photo, work)
        if render.size != "full":
            ahead = photo.ahead(render.looks, render.preview_side, shown=render.shown)
            self._ahead = ahead if previewed or answer else islice(ahead, _AFTER_A_FIRST_LOOK)
            self._rest = _REST
        if answer:
            return answer[0]
        converted = [convert(patch, entry) for patch in patches]
        faces = tuple(sorted(render.looks))
        if render.size != "full":
            reduced = [patch.reduced(render.preview_side) for patch in converted]
            if render.size == "both" and not previewed:
                preview = tuple(patch.to_wire() for patch in reduced)
                on_preview(Rendered(preview, seconds=dict(photo.seconds), faces=faces))
            elif render.size == "preview":
                converted = reduced
        report = tuple(photo.report(patches)) if render.report else ()
        wired = tuple(patch.to_wire() for patch in converted)
        return Rendered(wired, report, dict(photo.seconds), faces=faces)

    @property
    def rest_before_ahead(self) -> float | None:
        """Seconds without a request until ``do_ahead`` is to be called; None if it has nothing to do."""
        return None if self._ahead is None else self._rest

    def do_ahead(self) -> bool:
        """Do a part of what the next preview is likely to need; False if nothing is left to do."""
        if self._ahead is None:
            return False
        try:
            self._rest = _REST_BEFORE_OTHERS if next(self._ahead) else 0.0
        except StopIteration:
            self._ahead = None
        except Exception as error:  # nobody has asked for it: the next request meets the error itself
            sys.stderr.write(f"nothing was computed ahead: {error}\n")
            self._ahead = None
        return self._ahead is not None

    def _preview(
        self, render: Render, photo: "Photo", faces: Sequence[int], progress: Progress, cancel: Cancel
    ) -> Rendered:
        """Some faces of a render, computed at about the size of the preview."""
        entry, side = self.photos[render.photo], render.preview_side
        looks = {face: render.looks[face] for face in faces}
        patches = photo.preview(looks, side, progress=progress, cancel=cancel)
        converted = [convert(patch, entry).reduced(side) for patch in patches]
        wired = tuple(patch.to_wire() for patch in converted)
        scale = min((patch.picture.width / patch.box[2] for patch in converted), default=1.0)
        return Rendered(wired, (), dict(photo.seconds), faces=tuple(faces), scale=min(1.0, scale))

    def _refined(
        self,
        render: Render,
        photo: "Photo",
        previewed: Set[int],  # faces that are shown already, as well as a preview can
        progress: Progress,
        stop: Cancel,
        superseded: Cancel,
        on_preview: Callable[[Rendered], None],
    ) -> Sequence["Patch"]:
        """The final patches; what can be had sooner goes to ``on_preview``."""
        entry = self.photos[render.photo]
        patches: Sequence[Patch] = ()
        flags: dict[str, Cancel] = {"cancel": stop, "superseded": superseded}
        for step in photo.refined(render.looks, shown=render.shown, progress=progress, **flags):
            patches = step.patches
            if step.is_last:
                break
            if not set(step.faces) <= previewed:
                on_preview(_preview(step, render, entry, photo))
        return patches

    def at_once(self, render: Render) -> Rendered | None:
        """What a render can show while a face is prepared. Raises UsageError."""
        entry = self.photos.get(render.photo)
        if entry is None or entry.photo is None:
            return None
        step = entry.photo.at_once(render.looks, render.shown)
        return None if step is None else _preview(step, render, entry, entry.photo)

    def list_edits(self, model: str, device: str, progress: Progress) -> EditList:
        """The sliders of a model. device: "" for the executor's own."""
        backend = self._backend(model, device or self._device, progress)
        return EditList(model, backend.device, tuple(backend.edits))

    def _open(self, entry: WorkerPhoto, progress: Progress, stop: Cancel) -> "Photo":
        if entry.photo is None:
            backend = self._backend(entry.model, entry.device, progress)
            pixels = pixel_conversion.to_pipeline(entry.pixels, entry.without_curve)
            entry.photo = backend.open(
                pixels, icc=entry.icc, at=entry.at, scorer=entry.scorer, progress=progress, cancel=stop
            )
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
        entry = self.photos[name]
        entry.photo, entry.device, entry.fell_back = None, "cpu", True
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
        current = self.photos[name]
        self.photos.forget_closed()
        for entry in self.photos:
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


def _preview(step: "Refined", render: Render, entry: WorkerPhoto, photo: "Photo") -> Rendered:
    """The answer with a step of a retouch that gets finer."""
    converted = [convert(patch, entry) for patch in step.patches]
    if render.size != "full":
        converted = [patch.reduced(render.preview_side) for patch in converted]
    wired = tuple(patch.to_wire() for patch in converted)
    return Rendered(wired, (), dict(photo.seconds), step.refinement, step.faces, step.scale)


def _previews_of(render: Render, photo: "Photo") -> list[tuple[int, ...]]:
    """The faces of the previews, one after the other, that can be computed at their own size at once.

    They are all faces at once, or face by face with the shown one first. None if the first one takes long.
    """
    if render.size == "full" or (render.size == "preview" and render.report):
        return []
    every = tuple(sorted(render.looks, key=lambda face: (face != render.shown, face)))
    ready = [face for face in every if photo.has_preview(face, render.looks[face])]
    all_at_once = [tuple(sorted(every))] if len(ready) == len(every) else []
    if not render.refine or len(every) < 2:
        return all_at_once
    if ready[:1] != [every[0]]:
        return []
    singly: list[tuple[int, ...]] = [(face,) for face in ready]
    return [*singly[:1], *all_at_once] if render.size == "preview" else singly

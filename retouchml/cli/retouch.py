"""One picture of ``retouchml beautify``: retouches it and writes its files."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retouchml.cli import compare, report
from retouchml.cli.backend import Backend
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.staging import Staging
from retouchml.face_filter import FaceFilter
from retouchml.look import FaceChoice
from retouchml.look_change import FaceLooks
from retouchml.progress import Progress
from retouchml.results import Box

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.pictures import Picture


@dataclass(frozen=True)
class Options:
    """What is done with every picture.

    looks:     of its faces
    faces:     which of them
    quiet:     show nothing but errors
    summarise: print a line on each picture
    places:    of faces that the search may miss
    only:      which faces are worth it
    scorer:    whose taste strength follows, "" for the daemon's own, or the standard one
    scores:    whether the line shows how faces were rated
    """

    looks: FaceLooks
    faces: FaceChoice
    quiet: bool = False
    summarise: bool = True
    places: Sequence[Box] = ()
    only: FaceFilter = field(default_factory=FaceFilter)
    scorer: str = ""
    scores: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done with a picture.

    faces:     how many it has
    retouched: how many of them were changed
    report:    for ``--json``
    notes:     sentences, each once, on what reading left out and the files' formats could not hold
    """

    faces: int
    retouched: int
    report: report.Json
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Rendered:
    """The pixels of a retouched picture.

    faces: how many it has; reports: on those that were chosen; pixels: [H, W, C], None if nothing changed;
    layer: [H, W, 4], None if nothing changed or no layer was asked for
    """

    picture: "Picture"
    faces: int = 0
    reports: Sequence[report.Json] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    pixels: "npt.NDArray[Any] | None" = None
    layer: "npt.NDArray[Any] | None" = None


def render(
    files: OutputFiles,
    picture: "Picture",
    options: Options,
    backend: Backend,
    context: Context,
    progress: Progress,
) -> Rendered:
    """Retouch the pixels of ``picture``, which was read from ``files.source``.

    Raises what retouching raises; UsageError for faces that are not there; Cancelled.
    """
    started = time.perf_counter()
    photo = context.find_faces(backend, picture.pixels, progress, picture.icc, options.places, options.scorer)
    if photo is None:
        return Rendered(picture, seconds={"total": time.perf_counter() - started})
    chosen = options.looks.by_face(options.faces, photo.faces)
    chosen = {face: chosen[face] for face in options.only.worth(chosen, photo.faces)}
    patches: Sequence[Any] = ()
    if not all(each.look.untouched for each in chosen.values()):
        with context.interrupt.polled() as cancel:
            looks = {face: each.look for face, each in chosen.items()}
            patches = photo.render(looks, progress=progress, cancel=cancel)
    changes = {face.face: report.retouched_face(face) for face in photo.report(patches)} if patches else {}
    reports = [
        {
            **(changes.get(face) or report.untouched_face(face, photo.faces[face])),
            **report.chosen_look(each),
            **report.quality(photo.faces[face]),
        }
        for face, each in chosen.items()
    ]
    pixels = photo.apply(patches) if patches else None
    layer = photo.layer(patches) if patches and files.layer is not None else None
    seconds = {**photo.seconds, "total": time.perf_counter() - started}
    return Rendered(picture, len(photo.faces), reports, seconds, pixels, layer)


def write(
    files: OutputFiles,
    rendered: Rendered,
    maker: report.Maker,
    context: Context,
    *,
    force: bool,
    report_file: Path | None = None,
    before: Callable[[], None] = lambda: None,
    claim: str = "",
) -> Outcome:
    """Write all files of a picture, or none. A picture that did not change is written unchanged.

    force: whether files that exist are replaced; report_file: belongs to this picture alone, and is one of
    its files; before: called when all is encoded, before anything appears; claim: as ``Staging``'s

    Raises what writing raises.
    """
    started = time.perf_counter()
    with Staging(force=force, claim=claim) as staging:
        notes = _write_pictures(files, rendered, staging)
        seconds = dict(rendered.seconds)
        seconds["total"] += time.perf_counter() - started
        on_picture = report.picture(files.source, maker, seconds, rendered.reports, notes)
        if report_file is not None:
            staging.write_text(report_file, report.text(on_picture) + "\n")
        before()
        with context.interrupt.polled() if _is_main_thread() else nullcontext():
            staging.commit()
    retouched = sum(face["patch"] != report.NO_PATCH for face in rendered.reports)
    return Outcome(rendered.faces, retouched, on_picture, notes)


def _is_main_thread() -> bool:
    """Whether signals interrupt this thread."""
    return threading.current_thread() is threading.main_thread()


def _write_pictures(files: OutputFiles, result: Rendered, staging: Staging) -> tuple[str, ...]:
    """Stage the pictures; returns sentences on what they lost or changed. A plain copy loses nothing."""
    from pipeline.pictures import copy_picture, encode_picture, same_format

    picture = result.picture
    after = picture.pixels if result.pixels is None else result.pixels
    notes: list[str] = []
    with staging.file(files.picture) as file:
        if result.pixels is None and same_format(picture, files.picture):
            copy_picture(files.source, file, files.picture)
        else:
            notes += (*picture.notes, *encode_picture(file, files.picture, picture, after))
    if files.compare is not None:
        with staging.file(files.compare) as file:
            both = compare.side_by_side(picture.pixels, after)
            notes += encode_picture(file, files.compare, picture, both)
    if files.layer is not None:
        layer = compare.empty_layer(picture.pixels) if result.layer is None else result.layer
        with staging.file(files.layer) as file:
            notes += encode_picture(file, files.layer, replace(picture, grey=False), layer)
    return tuple(dict.fromkeys(notes))

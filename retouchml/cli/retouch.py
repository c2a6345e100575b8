"""One picture of ``retouchml beautify``: retouches it and writes its files."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retouchml.cli import compare, report
from retouchml.cli.backend import Backend
from retouchml.cli.context import Context
from retouchml.cli.output_files import OutputFiles
from retouchml.cli.staging import Staging
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

    looks:       of its faces
    faces:       which of them
    force:       replace files that exist
    quiet:       show nothing but errors
    summarise:   print a line on each picture
    report_file: what ``--json`` names; None for none, or for a stream
    places:      of faces that the search may miss
    """

    looks: FaceLooks
    faces: FaceChoice
    force: bool = False
    quiet: bool = False
    summarise: bool = True
    report_file: Path | None = None
    places: Sequence[Box] = ()


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
class _Result:
    """The pixels of a retouched picture.

    faces: how many it has; reports: on those that were chosen; pixels: [H, W, C], None if nothing changed;
    layer: [H, W, 4], None if nothing changed or no layer was asked for
    """

    faces: int = 0
    reports: Sequence[report.Json] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    pixels: "npt.NDArray[Any] | None" = None
    layer: "npt.NDArray[Any] | None" = None


def retouch(
    files: OutputFiles,
    picture: "Picture",
    options: Options,
    backend: Backend,
    context: Context,
    *,
    with_report: bool,
) -> Outcome:
    """Retouch ``picture``, which was read from ``files.source``, and write its files: all of them, or none.

    with_report: whether the report file belongs to this picture alone, and is one of these files

    A picture without a face, or with nothing to do, is written unchanged.

    Raises what retouching and writing raise; UsageError for faces that are not there; Cancelled.
    """
    started = time.perf_counter()
    with context.console.overall_progress(files.source.name, quiet=options.quiet) as progress:
        result = _render(files, options, picture, backend, context, progress)
        progress("write", 0.0, None)
        with Staging(force=options.force) as staging:
            notes = _write_pictures(files, picture, result, staging)
            seconds = {**result.seconds, "total": time.perf_counter() - started}
            on_picture = report.picture(files.source, backend, seconds, result.reports, notes)
            if with_report and options.report_file is not None:
                staging.write_text(options.report_file, report.text(on_picture) + "\n")
            with context.interrupt.polled():
                staging.commit()
        progress("write", 1.0, 0.0)
    retouched = sum(face["patch"] != report.NO_PATCH for face in result.reports)
    return Outcome(result.faces, retouched, on_picture, notes)


def _render(
    files: OutputFiles,
    options: Options,
    picture: "Picture",
    backend: Backend,
    context: Context,
    progress: Progress,
) -> _Result:
    photo = context.find_faces(backend, picture.pixels, progress, picture.icc, options.places)
    if photo is None:
        return _Result()
    chosen = options.looks.by_face(options.faces, photo.faces)
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
    if not patches:
        return _Result(len(photo.faces), reports, photo.seconds)
    layer = photo.layer(patches) if files.layer is not None else None
    return _Result(len(photo.faces), reports, photo.seconds, photo.apply(patches), layer)


def _write_pictures(
    files: OutputFiles, picture: "Picture", result: _Result, staging: Staging
) -> tuple[str, ...]:
    """Stage the pictures; returns sentences on what they lost or changed. A plain copy loses nothing."""
    from pipeline.pictures import copy_picture, encode_picture, same_format

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

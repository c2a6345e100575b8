"""One picture's way through ``retouchml beautify``: read it, retouch it, write all that was asked for."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from retouchml.backend import Backend
from retouchml.cli import compare, report
from retouchml.cli.context import Context
from retouchml.cli.output_files import Job
from retouchml.cli.staging import Staging
from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.results import Face

if TYPE_CHECKING:
    import numpy.typing as npt

    from pipeline.pictures import Picture

FaceChoice = Literal["all", "largest"] | tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """What is wanted of every picture.

    force:       replace files that exist
    quiet:       say nothing but what went wrong
    summarise:   say on stdout what became of each picture
    report_file: where the report on all pictures goes
    """

    look: Look
    faces: FaceChoice
    force: bool = False
    quiet: bool = False
    summarise: bool = True
    report_file: Path | None = None


@dataclass(frozen=True)
class Done:
    """What became of a picture.

    found:     how many faces it has
    retouched: how many of them were changed
    report:    for ``--json``
    notes:     sentences on what the files' formats could not hold
    """

    found: int
    retouched: int
    report: report.Json
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Retouched:
    """The result [H, W, C] and its layer [H, W, 4]; None where nothing changed, or no layer was asked for."""

    faces: Sequence[report.Json] = ()
    found: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    pixels: "npt.NDArray[Any] | None" = None
    layer: "npt.NDArray[Any] | None" = None


def retouch(
    job: Job, picture: "Picture", request: Request, engine: Backend, context: Context, *, with_report: bool
) -> Done:
    """Do ``job``, whose ``picture`` has been read. All its files appear together or, on failure, none.

    ``with_report``: the report file belongs to this picture alone, and is one of these files.
    Where there is no face, or nothing to do, the picture is written unchanged.

    Raises what retouching and writing raise; UsageError for faces that are not there; Cancelled.
    """
    started = time.perf_counter()
    result = _retouched(job, request, picture, engine, context)
    with Staging(force=request.force) as staging:
        notes = _write_pictures(job, picture, result, staging)
        seconds = {**result.seconds, "total": time.perf_counter() - started}
        said = report.picture(job.source, engine, seconds, result.faces)
        if with_report and request.report_file is not None:
            staging.write_text(request.report_file, report.text(said) + "\n")
        with context.interrupt.polled():
            staging.commit()
    retouched = sum(face["patch"] != report.NO_PATCH for face in result.faces)
    return Done(result.found, retouched, said, notes)


def chosen_faces(choice: FaceChoice, faces: Sequence[Face]) -> tuple[int, ...]:
    """Numbers of the faces that ``choice`` means. Raises UsageError for one that is not there."""
    if choice == "all":
        return tuple(range(len(faces)))
    if choice == "largest":
        areas = [face.box[2] * face.box[3] for face in faces]
        return (areas.index(max(areas)),)
    for index in choice:
        if index >= len(faces):
            there = "1 face, number 0" if len(faces) == 1 else f"{len(faces)} faces, 0 to {len(faces) - 1}"
            raise UsageError(
                f"There is no face number {index}: the picture has {there}.", "`retouchml faces` lists them."
            )
    return tuple(choice)


def _retouched(
    job: Job, request: Request, picture: "Picture", engine: Backend, context: Context
) -> _Retouched:
    with context.console.progress(job.source.name, quiet=request.quiet) as progress:
        photo = context.find_faces(engine, picture.pixels, progress)
        if photo is None:
            return _Retouched()
        chosen = chosen_faces(request.faces, photo.faces)
        patches: Sequence[Any] = ()
        if not request.look.untouched:
            with context.interrupt.polled() as cancel:
                patches = photo.render(dict.fromkeys(chosen, request.look), progress=progress, cancel=cancel)
    if not patches:
        same = [report.untouched_face(index, photo.faces[index]) for index in chosen]
        return _Retouched(same, len(photo.faces), photo.seconds)
    done = {face.face: report.retouched_face(face) for face in photo.report(patches)}
    return _Retouched(
        [done.get(index) or report.untouched_face(index, photo.faces[index]) for index in chosen],
        len(photo.faces),
        photo.seconds,
        photo.apply(patches),
        photo.layer(patches) if job.layer is not None else None,
    )


def _write_pictures(job: Job, picture: "Picture", result: _Retouched, staging: Staging) -> tuple[str, ...]:
    """Stage the pictures of ``job``; returns sentences on what their formats could not hold."""
    from pipeline.pictures import copy_unchanged, same_format, write_picture

    after = picture.pixels if result.pixels is None else result.pixels
    notes: list[str] = []
    with staging.file(job.picture) as file:
        if result.pixels is None and same_format(picture, file):
            copy_unchanged(job.source, file)
        else:
            notes += write_picture(file, picture, after)
    if job.compare is not None:
        with staging.file(job.compare) as file:
            notes += write_picture(file, picture, compare.side_by_side(picture.pixels, after))
    if job.layer is not None:
        layer = compare.empty_layer(picture.pixels) if result.layer is None else result.layer
        with staging.file(job.layer) as file:
            notes += write_picture(file, replace(picture, grey=False), layer)
    return tuple(dict.fromkeys(notes))

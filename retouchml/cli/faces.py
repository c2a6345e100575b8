"""``retouchml faces``: the faces in pictures."""

import argparse
from pathlib import Path

from retouchml import failures, score_words
from retouchml.cli import report
from retouchml.cli.backend import Backend
from retouchml.cli.console import OutputClosedError
from retouchml.cli.context import (
    Context,
    Subparsers,
    add_daemon_option,
    add_model_options,
    add_quiet_option,
    add_remote_option,
    add_scores_option,
    path,
    remote_of,
    shows_scores,
)
from retouchml.cli.look_options import add_place_option, places
from retouchml.cli.report import Json
from retouchml.cli.sources import refuse_folder, stopped
from retouchml.errors import Cancelled, NoFaceError
from retouchml.results import Face
from retouchml.settings import DEFAULT_DEVICE
from retouchml.translation import marked, translated


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "faces",
        help="list the faces in pictures: boxes and landmarks",
        description="Find the faces in pictures. With several IN, what --json prints is a list. Exit code 3 "
        "means that there is none.",
        allow_abbrev=False,
    )
    parser.add_argument("pictures", type=path, nargs="+", metavar="IN")
    parser.add_argument("--json", action="store_true", help="print JSON, with the 68 landmarks of each face")
    add_scores_option(parser)
    add_place_option(parser)
    add_model_options(parser)
    add_daemon_option(parser)
    add_remote_option(parser)
    add_quiet_option(parser)
    parser.set_defaults(run=run, pictures_are=("pictures", path), parser=parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the faces in every picture; the worst of their exit codes."""
    refuse_folder(arguments.pictures)
    several = len(arguments.pictures) > 1
    find = _Finder(arguments, context)
    reports: list[Json] = []
    codes: list[int] = []
    for number, source in enumerate(arguments.pictures):
        try:
            on_picture, code = find(source)
        except (Cancelled, KeyboardInterrupt) as error:
            if not several:
                raise
            done = sum(each != failures.FAILED for each in codes)
            pictures = arguments.pictures
            again = marked(f"To go on, give the pictures from {pictures[number]} on.")
            raise stopped(done, len(pictures), again) from error
        except Exception as error:
            if not several or isinstance(error, OutputClosedError) or find.has_no_backend:
                raise
            sentence, code = context.console.report(error, str(source))
            on_picture, code = report.failure(source, error, sentence), failures.FAILED
        reports.append(on_picture)
        codes.append(code)
    if arguments.json:
        context.console.print(report.text(reports if several else reports[0]))
    for source, code in zip(arguments.pictures, codes, strict=True):
        if code == NoFaceError.exit_code:
            context.console.complain(f"No face was found in {source}.")
    return failures.worst(codes)


class _Finder:
    """Finds the faces of one picture after the other with a backend that is loaded for the first."""

    def __init__(self, arguments: argparse.Namespace, context: Context) -> None:
        self._arguments = arguments
        self._context = context
        self._settings = context.settings()
        self._remote = remote_of(arguments, self._settings)
        self._with_scores = shows_scores(arguments, self._settings)
        self._backend: Backend | None = None
        self._asked = False
        self._places = places(arguments, arguments.pictures)

    @property
    def has_no_backend(self) -> bool:
        """Whether the backend failed to load, as it would for every picture."""
        return self._asked and self._backend is None

    def __call__(self, source: Path) -> tuple[Json, int]:
        """Print the faces in a picture, or for JSON only return them; the report and the exit code."""
        from pipeline.pictures import read_picture

        arguments, context = self._arguments, self._context
        picture = read_picture(source)
        backend = self._load()
        with context.console.progress(source.name, quiet=arguments.quiet) as progress:
            photo = context.find_faces(backend, picture.pixels, progress, picture.icc, self._places)
        faces = photo.faces if photo else ()
        if not arguments.json:
            prefix = f"{source}: " if len(arguments.pictures) > 1 else ""
            for number, face in enumerate(faces):
                context.console.print(prefix + _line(number, face, with_score=self._with_scores))
        on_picture: Json = {"image": str(source), "width": picture.width, "height": picture.height}
        on_picture["faces"] = [report.detected_face(face) for face in faces]
        return on_picture, 0 if faces else NoFaceError.exit_code

    def _load(self) -> Backend:
        if self._backend is None:
            self._asked = True
            remote = self._remote
            model = self._arguments.model or ("" if remote else self._settings.model)
            device = self._arguments.device or (DEFAULT_DEVICE if remote else self._settings.device)
            self._backend = self._context.backend(
                model,
                device,
                precision=self._arguments.precision or self._settings.precision,
                use_daemon=not self._arguments.no_daemon and self._arguments.precision is None,
                remote=remote,
            )
        return self._backend


def _line(number: int, face: Face, *, with_score: bool) -> str:
    x, y, width, height = face.box
    line = translated(f"{number}: {width} x {height} pixels at ({x}, {y})")
    said = (
        score_words.words((face.score,), face.score_uncertainty, face.quality.outside) if with_score else ""
    )
    line += f", {said}" if said else ""
    return "; ".join((line, *map(translated, face.quality.notes)))

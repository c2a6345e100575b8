"""``retouchml faces``: what is found in a picture."""

import argparse
from collections.abc import Sequence
from typing import Any

from retouchml.cli.context import (
    Context,
    Subparsers,
    add_daemon_option,
    add_engine_options,
    add_quiet_option,
    path,
)
from retouchml.errors import NoFaceError
from retouchml.results import Face


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "faces",
        help="what is found: boxes, landmarks, score",
        description="Find the faces in a picture. Exit code 3 means that there is none.",
        allow_abbrev=False,
    )
    parser.add_argument("picture", type=path, metavar="IN")
    parser.add_argument("--json", action="store_true", help="print JSON, with the 68 landmarks of each face")
    add_engine_options(parser)
    add_daemon_option(parser)
    add_quiet_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the faces in ``arguments.picture``."""
    from pipeline.pictures import read_picture

    settings = context.settings()
    pixels = read_picture(arguments.picture).pixels
    model, device = arguments.model or settings.model, arguments.device or settings.device
    engine = context.engine(model, device, daemon=not arguments.no_daemon)
    with context.console.progress(quiet=arguments.quiet) as progress:
        photo = context.find_faces(engine, pixels, progress)
    faces = photo.faces if photo else ()
    height, width = pixels.shape[:2]
    if arguments.json:
        _print_json(arguments, context, faces, width, height)
    else:
        for index, face in enumerate(faces):
            context.console.print(_line(index, face))
    if not faces:
        raise NoFaceError(f"No face was found in {arguments.picture}.")
    return 0


def _print_json(
    arguments: argparse.Namespace, context: Context, faces: Sequence[Face], width: int, height: int
) -> None:
    from retouchml.cli import report

    found: dict[str, Any] = {"image": str(arguments.picture), "width": width, "height": height}
    found["faces"] = [report.found_face(face) for face in faces]
    context.console.print(report.text(found))


def _line(index: int, face: Face) -> str:
    x, y, width, height = face.box
    return f"{index}: {width} x {height} pixels at ({x}, {y}), score {face.score:.2f}"

"""``retouchml faces``: the faces in a picture."""

import argparse
from typing import Any

from retouchml.cli.context import (
    Context,
    Subparsers,
    add_daemon_option,
    add_model_options,
    add_quiet_option,
    path,
)
from retouchml.errors import NoFaceError
from retouchml.results import Face


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "faces",
        help="list the faces in a picture: boxes, landmarks, scores",
        description="Find the faces in a picture. Exit code 3 means that there is none.",
        allow_abbrev=False,
    )
    parser.add_argument("picture", type=path, metavar="IN")
    parser.add_argument("--json", action="store_true", help="print JSON, with the 68 landmarks of each face")
    add_model_options(parser)
    add_daemon_option(parser)
    add_quiet_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the faces in ``arguments.picture``."""
    from pipeline.pictures import read_picture

    settings = context.settings()
    pixels = read_picture(arguments.picture).pixels
    model, device = arguments.model or settings.model, arguments.device or settings.device
    backend = context.backend(model, device, use_daemon=not arguments.no_daemon)
    with context.console.progress(quiet=arguments.quiet) as progress:
        photo = context.find_faces(backend, pixels, progress)
    faces = photo.faces if photo else ()
    if arguments.json:
        from retouchml.cli import report

        height, width = pixels.shape[:2]
        on_picture: dict[str, Any] = {"image": str(arguments.picture), "width": width, "height": height}
        on_picture["faces"] = [report.detected_face(face) for face in faces]
        context.console.print(report.text(on_picture))
    else:
        for number, face in enumerate(faces):
            context.console.print(_line(number, face))
    if not faces:
        raise NoFaceError(f"No face was found in {arguments.picture}.")
    return 0


def _line(number: int, face: Face) -> str:
    x, y, width, height = face.box
    return f"{number}: {width} x {height} pixels at ({x}, {y}), score {face.score:.2f}"

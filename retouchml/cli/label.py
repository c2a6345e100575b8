"""``retouchml label``: a local page on which generated faces are labelled, for a slider of one's own."""

import argparse
from typing import TYPE_CHECKING

from retouchml import own_parts
from retouchml.cli.context import Context, Subparsers
from retouchml.translation import translated

if TYPE_CHECKING:
    from pipeline.taste.answers import Answers
    from pipeline.taste.faces import DrawnFaces
    from pipeline.taste.questionnaire import Choose

_ENOUGH = 300


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    from retouchml.cli.page import session

    parser = subparsers.add_parser(
        "label",
        help="label generated faces on a local page, for a slider of your own",
        description="Open a page on this machine that shows generated faces, and asks of each whether it has "
        "what a slider of your own shall change. `retouchml train edit NAME --labels FILE` makes the slider. "
        "The answers are kept at once; the command goes on where it ended.",
        allow_abbrev=False,
    )
    parser.add_argument("name", metavar="NAME", help="of the slider, such as round_face")
    parser.add_argument("--question", metavar="TEXT", default="", help="what the page asks (default: NAME?)")
    session.add_arguments(parser, "labels/NAME.json in the data folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Serve the page until Ctrl-C."""
    from pipeline.taste.measuring import names_taken
    from retouchml import paths
    from retouchml.cli.page import session
    from retouchml.cli.page.questions import LABELS

    name = own_parts.check_name(arguments.name, names_taken())
    file = arguments.file or paths.data_dir() / "labels" / f"{name}.json"
    question = arguments.question or translated("{name}: does this face have it?").format(
        name=name.replace("_", " ")
    )
    return session.run(arguments, context, file, "labels", name, _chooser, question, LABELS, _ENOUGH)


def _chooser(_faces: "DrawnFaces", _answers: "Answers") -> "Choose":
    from pipeline.taste.questionnaire import next_face
    from pipeline.training.labellers import require_labellers

    require_labellers()  # training needs them: nobody shall hear of it after 300 answers
    return next_face

"""``retouchml rate``: a local page on which generated faces are compared, for a scorer of one's own taste."""

import argparse
from typing import TYPE_CHECKING

from retouchml import own_parts
from retouchml.cli.context import Context, Subparsers
from retouchml.own_parts import STANDARD
from retouchml.translation import translated

if TYPE_CHECKING:
    from pipeline.taste.answers import Answers
    from pipeline.taste.faces import DrawnFaces
    from pipeline.taste.questionnaire import Choose

_NAME = "mine"
_ENOUGH = 300


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    from retouchml.cli.page import session

    parser = subparsers.add_parser(
        "rate",
        help="compare generated faces on a local page, for a scorer of your own taste",
        description="Open a page on this machine that shows pairs of generated faces, and asks which one you "
        "like better. `retouchml train scorer NAME --ratings FILE` learns your taste from the answers. They "
        "are kept at once; the command goes on where it ended.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", default=_NAME, help="of the scorer (default: %(default)s)"
    )
    parser.add_argument(
        "--question", metavar="TEXT", default="", help="what the page asks (default: which face you like)"
    )
    session.add_arguments(parser, "ratings/NAME.json in the data folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Serve the page until Ctrl-C."""
    from retouchml import paths
    from retouchml.cli.page import session
    from retouchml.cli.page.questions import RATINGS

    name = own_parts.check_name(arguments.name, (STANDARD,))
    file = arguments.file or paths.data_dir() / "ratings" / f"{name}.json"
    question = arguments.question or translated("Which face do you like better?")
    return session.run(arguments, context, file, "ratings", name, _chooser, question, RATINGS, _ENOUGH)


def _chooser(faces: "DrawnFaces", answers: "Answers") -> "Choose":
    from pipeline.taste.gallery import Gallery
    from pipeline.taste.pairs import POOL, PairChooser
    from pipeline.taste.representation import load_representation

    gallery = Gallery(faces)
    gallery.load_instruments()  # here, where an error can still be told
    representation = load_representation(faces.generator)
    gallery.measure_in_background(range(POOL))
    seed = (faces.seed + len(answers.answers)) % (1 << 32)  # other pairs than those drawn before
    return PairChooser(lambda: gallery.features(representation), seed)

"""``retouchml train``: fits a learned part and writes it, with its model card, to the user's data folder.

Each part is a module of ``pipeline.training``, which has its options. It is imported only once the part was
named, because it imports torch.
"""

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from retouchml.cli.context import Context, Subparsers
from retouchml.cli.parser import Parser

PARTS = {
    "rater": "rates an image; learns from photographs that people have rated",
    "scorer": "rates a latent code; learns from the rater's ratings of generated faces",
    "identity": "which changes of a latent code make another person of a face; the path avoids them",
    "edits": "the directions of the expression sliders",
    "appearance": "the direction of the slider of hair",
    "taste": "what sliders and scorers of your own are learned on",
    "edit": "a slider of your own; learns from labels, as `retouchml label` keeps them",
    "encoder": "guesses the code of a face, which shortens the inversion",
}


class PartParser(Parser):
    """The parser of one part; it imports the part for its options only when it parses."""

    def __init__(self, *, part: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self._part = part

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse, with the options of the part."""
        if self._part:
            module = import_module(f"pipeline.training.{self._part}")
            self._part = ""
            module.add_arguments(self)
            self.set_defaults(train=module.main)
        return super().parse_known_args(args, namespace)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "train",
        help="fit a learned part and write its model card",
        description="Fit a learned part and write it, with its model card, to the data folder. Retouching "
        "uses the parts there instead of those that come with RetouchML.",
        allow_abbrev=False,
    )
    parts = parser.add_subparsers(title="parts", metavar="PART", required=True, parser_class=PartParser)
    for part, description in PARTS.items():
        parts.add_parser(
            part,
            part=part,
            help=description,
            description=f"The {part}: {description}.",
            allow_abbrev=False,
        )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, _context: Context) -> int:
    """Train the part that was named."""
    code: int = arguments.train(arguments)
    return code

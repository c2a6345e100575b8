"""``--preset``, ``--strength``, ``--texture``, ``--render``, ``--edit``, ``--face``: what makes looks."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from retouchml.cli.context import add_slider_option, argument_type
from retouchml.errors import UsageError
from retouchml.look import PHOTO, RENDERS, parse_edit, parse_place, render_named
from retouchml.look_change import ChosenLook, FaceLooks, LookChange, parse_face_change
from retouchml.results import Box
from retouchml.settings import Settings
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE


def add_look_options(parser: argparse.ArgumentParser) -> None:
    """The options for one look."""
    parser.add_argument(
        "--preset", metavar="NAME", help="a named look to start from, as `retouchml presets` lists them"
    )
    add_slider_option(parser, BY_NAME[STRENGTH], "how much is retouched")
    add_slider_option(parser, BY_NAME[TEXTURE], "how much of the skin's texture stays")
    parser.add_argument(
        "--render",
        type=argument_type(render_named),
        metavar="{" + ",".join(RENDERS) + "}",
        help="whose pixels show expression, pose and age: the photograph's own, the generator's, or the "
        f"generator's where a slider is set further than the photograph's can follow (default: {PHOTO})",
    )
    parser.add_argument(
        "--edit",
        type=argument_type(parse_edit),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a slider, as `retouchml edits` lists them; may be given again for another",
    )


def add_face_option(parser: argparse.ArgumentParser) -> None:
    """``--face``."""
    parser.add_argument(
        "--face",
        type=argument_type(parse_face_change),
        action="append",
        default=[],
        metavar="N:NAME=VALUE,...",
        help="what is different for face N, counted from 0; preset=NAME starts from that preset; may be "
        "given again",
    )


def add_place_option(parser: argparse.ArgumentParser) -> None:
    """``--face-at``."""
    parser.add_argument(
        "--face-at",
        type=argument_type(parse_place),
        action="append",
        default=[],
        metavar="X,Y,WIDTH,HEIGHT",
        help="there is a face in this rectangle of pixels, though it is not found; its number comes after "
        "those of the others; may be given again",
    )


def places(arguments: argparse.Namespace, sources: Sequence[Path]) -> tuple[Box, ...]:
    """The places of ``--face-at``. Raises UsageError if there are several pictures."""
    if arguments.face_at and len(sources) > 1:
        raise UsageError("`--face-at` is for one picture.", "Run it once for each.")
    return tuple(arguments.face_at)


def chosen_look(arguments: argparse.Namespace, settings: Settings) -> ChosenLook:
    """The look that the options describe; where they are silent, the preset and then the settings decide.

    Raises UsageError.
    """
    values = dict(arguments.edit)
    for name in (STRENGTH, TEXTURE):
        value = getattr(arguments, name)
        if value is not None and values.setdefault(name, value) != value:
            raise UsageError(f"`--{name}` and `--edit {name}=...` say different things.", "Leave one out.")
    usual = {STRENGTH: settings.strength, TEXTURE: settings.texture}
    start = LookChange(settings.preset, {name: value for name, value in usual.items() if value is not None})
    return ChosenLook().changed(start.then(LookChange(arguments.preset, values, arguments.render)))


def face_looks(arguments: argparse.Namespace, settings: Settings) -> FaceLooks:
    """The looks that the options describe. Raises UsageError."""
    looks = FaceLooks.of(chosen_look(arguments, settings), arguments.face)
    looks.check_choice(arguments.faces)
    return looks

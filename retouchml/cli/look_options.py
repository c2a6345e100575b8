"""``--preset``, ``--strength``, ``--texture``, ``--edit``, ``--face``: the options that make looks."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retouchml.cli.context import add_slider_option, argument_type
from retouchml.errors import UsageError
from retouchml.look import FaceChoice, Look, check_edits, check_faces, choose_faces, parse_edit
from retouchml.look_change import ChosenLook, LookChange, changes_by_face, parse_face_change
from retouchml.results import Face
from retouchml.settings import Settings
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE


@dataclass(frozen=True)
class FaceLooks:
    """The looks of a picture's faces. own: of those that have one of their own, by number."""

    common: ChosenLook = field(default_factory=ChosenLook)
    own: Mapping[int, ChosenLook] = field(default_factory=dict)

    def of(self, face: int) -> ChosenLook:
        """The look of a face."""
        return self.own.get(face, self.common)

    def check_choice(self, choice: FaceChoice) -> None:
        """Raise UsageError if a face that has a look of its own is not among the numbers of ``choice``."""
        if isinstance(choice, tuple):
            self._check_chosen(choice)

    def by_face(self, choice: FaceChoice, faces: Sequence[Face]) -> dict[int, ChosenLook]:
        """The look of each chosen face. Raises UsageError for one that is not there or not chosen."""
        chosen = choose_faces(choice, faces)
        check_faces(self.own, faces)
        self._check_chosen(chosen)
        return {face: self.of(face) for face in chosen}

    def _check_chosen(self, chosen: Sequence[int]) -> None:
        for face in self.own:
            if face not in chosen:
                raise UsageError(
                    f"Face {face} has a look of its own, but is not among the faces to retouch.",
                    "Leave out `--faces`, or add its number there.",
                )


def add_look_options(parser: argparse.ArgumentParser) -> None:
    """The options for one look."""
    parser.add_argument(
        "--preset", metavar="NAME", help="a named look to start from, as `retouchml presets` lists them"
    )
    add_slider_option(parser, BY_NAME[STRENGTH], "how much is retouched")
    add_slider_option(parser, BY_NAME[TEXTURE], "how much of the skin's texture stays")
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


def chosen_look(arguments: argparse.Namespace, settings: Settings) -> ChosenLook:
    """The look that the options describe; where they are silent, the preset or the settings decide.

    Raises UsageError.
    """
    values = dict(arguments.edit)
    for name in (STRENGTH, TEXTURE):
        value = getattr(arguments, name)
        if value is not None and values.setdefault(name, value) != value:
            raise UsageError(f"`--{name}` and `--edit {name}=...` say different things.", "Leave one out.")
    start = ChosenLook(Look(settings.strength, settings.texture))
    return _checked(start.changed(LookChange(arguments.preset, values)))


def face_looks(arguments: argparse.Namespace, settings: Settings) -> FaceLooks:
    """The looks that the options describe. Raises UsageError."""
    common = chosen_look(arguments, settings)
    changes = changes_by_face(arguments.face)
    looks = FaceLooks(common, {face: _checked(common.changed(change)) for face, change in changes.items()})
    looks.check_choice(arguments.faces)
    return looks


def _checked(chosen: ChosenLook) -> ChosenLook:
    check_edits(chosen.look.edits)
    return chosen

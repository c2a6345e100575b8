"""The settings of a face, and the choice of faces."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from retouchml.errors import UsageError
from retouchml.results import Box, Face
from retouchml.sliders import (
    BY_NAME,
    EDITS,
    EXPRESSION,
    PITCH,
    SLIDERS,
    STRENGTH,
    TEXTURE,
    YAW,
    Group,
    LatentStep,
    in_group,
)
from retouchml.spelling import unknown_name

DEFAULT_STRENGTH = BY_NAME[STRENGTH].default
DEFAULT_TEXTURE = BY_NAME[TEXTURE].default
RenderName = Literal["photo", "generated", "auto"]
RENDERS: tuple[RenderName, ...] = ("photo", "generated", "auto")
"""Whose pixels show the sliders of expression, pose and age, the default first."""
PHOTO, GENERATED, AUTO = RENDERS

FaceChoice = Literal["all", "largest"] | tuple[int, ...]
"""All faces, the largest, or those of these numbers, counted from 0."""


def _step(name: str) -> LatentStep | None:
    """The step of a slider in the latent space, if it makes one; an unknown slider is refused elsewhere."""
    return BY_NAME[name].latent if name in BY_NAME else None


@dataclass(frozen=True)
class Look:
    """The settings of one face.

    strength: 0 (untouched, to the bit) to 1, how far along the path of rising score
    texture:  0 (smooth skin) to 1 (every pore of the photograph), for the skin that ``strength`` eases
    edits:    the other sliders that are set, by name; ``retouchml edits`` lists them with their ranges
    render:   whose pixels show the sliders of expression, pose and age: ``photo``, the photograph's own;
              ``generated``, those of the generator, tuned to this face; ``auto``, the generator's where a
              slider is set further than the photograph's can follow. A slider that these cannot follow at
              all is always shown with the generator's

    A slider of the skin, the eyes or the teeth that is not set follows the strength, as ``Slider.unset``
    says; 0 is a value, too. Raises UsageError if a number is out of its slider's range, and for another
    render. An unknown edit is refused when the look is rendered.
    """

    strength: float = DEFAULT_STRENGTH
    texture: float = DEFAULT_TEXTURE
    edits: Mapping[str, float] = field(default_factory=dict)
    render: RenderName = PHOTO

    def __post_init__(self) -> None:
        render_named(self.render)
        for name, value in ((STRENGTH, self.strength), (TEXTURE, self.texture), *self.edits.items()):
            check_range(name, value)
        object.__setattr__(self, "edits", MappingProxyType(dict(self.edits)))

    @classmethod
    def preset(cls, name: str) -> "Look":
        """The look of a preset: one of ``retouchml presets``. Raises UsageError."""
        from retouchml.presets import library  # which makes looks itself

        return library.preset(name).look

    def value(self, name: str) -> float:
        """The value that a slider has in this look, set or not. Raises UsageError if there is none."""
        if name == STRENGTH:
            return self.strength
        if name == TEXTURE:
            return self.texture
        if name in self.edits:
            return self.edits[name]
        check_edits([name])
        return BY_NAME[name].unset(self.strength)

    @property
    def values(self) -> dict[str, float]:
        """The value of every slider, by name, in the order of the table."""
        return {slider.name: self.value(slider.name) for slider in SLIDERS}

    @property
    def untouched(self) -> bool:
        """Whether this look leaves a face exactly as it is."""
        # What is not set follows the strength, and so is 0 with it.
        return self.strength == 0 and not any(self.edits.values())

    @property
    def needs_generator(self) -> bool:
        """Whether this look moves the face in the generator's latent space, which needs its inversion."""
        return self.strength > 0 or bool(self.code_edits)

    @property
    def code_edits(self) -> dict[str, float]:
        """The sliders that are set and move the face in the generator's latent space, in their order."""
        steps = {name: _step(name) for name, value in self.edits.items() if value}
        return {
            name: self.edits[name]
            for name, step in steps.items()
            if step is not None and not (step.turns and self._turns_in_depth)
        }

    @property
    def turn(self) -> tuple[float, float]:
        """The values of ``yaw`` and ``pitch`` that the photograph's own pixels show, by the face's depth.

        Both are 0 where the generator's pixels show them.
        """
        return (self.value(YAW), self.value(PITCH)) if self._turns_in_depth else (0.0, 0.0)

    @property
    def _turns_in_depth(self) -> bool:
        """Whether the photograph's own pixels show ``yaw`` and ``pitch``."""
        return self.render != GENERATED

    @property
    def shows_generated(self) -> bool:
        """Whether the generator's pixels show this look, as ``render`` says.

        They do in any case if it has a slider that the photograph's own cannot follow at all.
        """
        if self.needs_generated:
            return True
        return self.render == AUTO and any(value > step.followed for step, value in self._steps())

    @property
    def needs_generated(self) -> bool:
        """Whether the photograph's own pixels cannot stand in for those of the generator in this look."""
        return any(self.render == GENERATED or not step.followed for step, value in self._steps() if value)

    @property
    def in_photograph(self) -> "Look":
        """This look in the photograph's own pixels, without the sliders that these cannot follow at all."""
        steps = {name: _step(name) for name in self.edits}
        follows = {name: self.edits[name] for name, step in steps.items() if step is None or step.followed}
        return replace(self, edits=follows, render=PHOTO)

    def _steps(self) -> Iterable[tuple[LatentStep, float]]:
        """The steps in the latent space, and how far each is from 0."""
        for name, value in self.edits.items():
            step = _step(name)
            if step is not None:
                yield step, abs(value)

    def with_values(self, values: Mapping[str, float]) -> "Look":
        """This look with sliders set, by name. Raises UsageError.

        Looks that are made in this way and do the same are equal: what says nothing is left out.
        """
        edits = {name: value for name, value in values.items() if name not in (STRENGTH, TEXTURE)}
        return Look(
            values.get(STRENGTH, self.strength),
            values.get(TEXTURE, self.texture),
            {
                name: value
                for name, value in {**self.edits, **edits}.items()
                if name not in BY_NAME or not BY_NAME[name].says_nothing(value)
            },
            self.render,
        )

    def without(self, name: str) -> "Look":
        """This look with one slider as if it had never been set."""
        if name == STRENGTH:
            return replace(self, strength=DEFAULT_STRENGTH)
        if name == TEXTURE:
            return replace(self, texture=DEFAULT_TEXTURE)
        return replace(self, edits={each: value for each, value in self.edits.items() if each != name})

    def without_group(self, group: Group) -> "Look":
        """This look with all that a group of sliders holds as if it had never been set.

        The choice of pixels belongs to the expressions.
        """
        look = replace(self, render=PHOTO) if group is EXPRESSION else self
        for slider in in_group(group):
            look = look.without(slider.name)
        return look


def parse_faces(text: str) -> FaceChoice:
    """The choice in ``all``, ``largest`` or numbers such as ``0,2``. Raises UsageError."""
    choice = text.strip().lower()
    if choice == "all":
        return "all"
    if choice == "largest":
        return "largest"
    numbers = [part.strip() for part in choice.split(",")]
    # Python itself refuses numbers of thousands of digits.
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in numbers):
        raise UsageError(f"{text!r} is neither all, nor largest, nor numbers like 0,2.")
    return tuple(sorted({int(part) for part in numbers}))


def choose_faces(choice: FaceChoice, faces: Sequence[Face]) -> tuple[int, ...]:
    """The numbers of the chosen faces. Raises UsageError for one that is not there."""
    if choice == "all":
        return tuple(range(len(faces)))
    if choice == "largest":
        areas = [face.box[2] * face.box[3] for face in faces]
        return (areas.index(max(areas)),) if areas else ()
    check_faces(choice, faces)
    return tuple(choice)


def check_faces(numbers: Iterable[int], faces: Sequence[Face]) -> None:
    """Raise UsageError if one is not the number of a face."""
    count = len(faces)
    for number in numbers:
        if not count:
            raise UsageError("No face was found.")
        if not 0 <= number < count:
            there = "1 face, number 0" if count == 1 else f"{count} faces, 0 to {count - 1}"
            raise UsageError(
                f"There is no face number {number}: the picture has {there}.", "`retouchml faces` lists them."
            )


def check_edits(names: Iterable[str]) -> None:
    """Raise UsageError if one is not the name of a slider that ``Look.edits`` may hold."""
    edits = [slider.name for slider in EDITS]
    for name in names:
        if name in (STRENGTH, TEXTURE):
            raise UsageError(f"{name} is no edit, but a setting of its own.")
        if name not in edits:
            raise unknown_name("slider", name, edits)


def check_looks(looks: Mapping[int, Look], faces: Sequence[Face]) -> None:
    """Raise UsageError for a look of a missing face, or one with an unknown edit."""
    check_faces(looks, faces)
    for look in looks.values():
        check_edits(look.edits)


def parse_edit(text: str) -> tuple[str, float]:
    """The name and value of any slider in ``NAME=VALUE``, as in smile=0.3 or smile=30%. Raises UsageError."""
    name, equals, number = (part.strip() for part in text.partition("="))
    try:
        value = parse_value(number)
    except ValueError:
        equals = ""
    if not name or not equals:
        raise UsageError(f"{text!r} is not NAME=VALUE.", "For example smile=0.3.")
    if name not in BY_NAME:
        raise unknown_name("slider", name, BY_NAME)
    check_range(name, value)
    return name, value


def parse_place(text: str) -> Box:
    """The rectangle of pixels in ``X,Y,WIDTH,HEIGHT``, as in 310,80,120,150. Raises UsageError."""
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 4 or not all(re.fullmatch("-?[0-9]{1,6}", number) for number in numbers):
        raise UsageError(f"{text!r} is not X,Y,WIDTH,HEIGHT.", "For example 310,80,120,150.")
    x, y, width, height = map(int, numbers)
    return x, y, width, height


def parse_value(text: str) -> float:
    """The value in a text: 0.3, or 30% as editors show it. Raises ValueError."""
    number = text.strip()
    return float(number[:-1]) / 100 if number.endswith("%") else float(number)


def render_named(name: str) -> RenderName:
    """The way to render of a name. Raises UsageError if there is none."""
    for render in RENDERS:
        if name == render:
            return render
    raise unknown_name("way to render", name, RENDERS)


def check_range(name: str, value: float) -> None:
    """Raise UsageError if a value is out of the range of its slider.

    An unknown slider is refused by its name when a look is rendered, but its value has bounds already.
    """
    slider = BY_NAME.get(name)
    low, high = (slider.low, slider.high) if slider else (-1.0, 1.0)
    if not low <= value <= high:  # also refuses NaN
        raise UsageError(f"{name} is {value:g}, but must lie between {low:g} and {high:g}.")

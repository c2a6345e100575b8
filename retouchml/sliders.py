"""The table of sliders. A new slider is one row here; those that the user trained are added at the end.

Editors, command line, settings and wire take names, groups, ranges, defaults and titles from it; the pipeline
takes the step in the latent space.
"""

from dataclasses import dataclass

from retouchml import own_parts
from retouchml.own_parts import OwnPart
from retouchml.results import Edit

STRENGTH, TEXTURE = "strength", "texture"
YAW, PITCH, ROLL, GAZE = "yaw", "pitch", "roll", "gaze"

REST_MS = 120
"""Milliseconds after the last move of a slider until a preview is rendered."""


@dataclass(frozen=True)
class LatentStep:
    """The step in the latent space that an expression slider makes.

    attribute: the learned attribute that it moves; deviations: standard deviations that a value of 1
    moves it by in the generator's pictures; unit: how many, as the network of the attributes counts them,
    move it by one there; finest, coarsest: pixels, the layers that it touches; released: attributes that
    may follow, as part of the same movement; parts_lips: whether it opens or closes the mouth, which may
    then show the generator's pixels; brings_lines: whether it makes lines in the skin, which then follows
    fine changes too; followed: the largest value, of either sign, that the photograph's own pixels can
    follow; holds_appearance: whether hair, beard and skin stay, too, or are what it moves; hair_alone:
    whether the generator's pixels show it without changing skin, eyes and mouth; turns: whether the head
    turns, which the photograph's own pixels do by the depth of the face, without this step
    """

    attribute: str
    deviations: float
    finest: int
    released: tuple[str, ...] = ()
    unit: float = 1.0
    parts_lips: bool = False
    brings_lines: bool = False
    followed: float = 0.5
    coarsest: int = 4
    holds_appearance: bool = False
    hair_alone: bool = False
    turns: bool = False

    @property
    def counted(self) -> float:
        """The deviations, as the network of the attributes counts them, that a value of 1 asks for."""
        return self.deviations * self.unit


@dataclass(frozen=True)
class Group:
    """Sliders that belong together. title: for people."""

    name: str
    title: str


PATH = Group("path", "Retouch")
SKIN = Group("skin", "Skin")
EYES_AND_TEETH = Group("eyes and teeth", "Eyes and teeth")
SHAPE = Group("shape", "Shape")
EXPRESSION = Group("expression", "Expression")
OWN = Group("own", "Your own")
_SHIPPED_GROUPS = (PATH, SKIN, EYES_AND_TEETH, SHAPE, EXPRESSION)


@dataclass(frozen=True)
class Slider:
    """One slider.

    name: as in commands, settings and messages; title: for people; group: the name of its ``Group``;
    default: the value at the default strength, and after a reset; help: a sentence without its full stop;
    full: the value at strength 1 of a slider that follows the strength while it is not set, None for others;
    latent: the step of a slider that moves the face in the generator's latent space, None for others
    """

    name: str
    title: str
    group: str
    low: float
    high: float
    default: float
    help: str
    full: float | None = None
    latent: LatentStep | None = None

    def as_edit(self) -> Edit:
        """The slider as the Python interface, the wire and JSON list it."""
        return Edit(self.name, self.low, self.high, self.help, self.group, self.default, self.full)

    def accepts(self, value: float) -> bool:
        """Whether a value is in the slider's range; NaN is not."""
        return self.low <= value <= self.high

    def says_nothing(self, value: float) -> bool:
        """Whether setting this value does the same as not setting the slider, at every strength."""
        return self.full is None and value == self.default

    def clamp(self, value: float) -> float:
        """The nearest value in the slider's range."""
        return min(self.high, max(self.low, value))

    def unset(self, strength: float) -> float:
        """The value while the slider is not set, for a strength in [0, 1].

        A slider that follows the strength rises from 0 to its default at the default strength, and on to its
        full value at 1, along two straight lines. Any other has its default.
        """
        if self.full is None:
            return self.default
        middle = _DEFAULT_STRENGTH
        if strength <= middle:
            return self.default * strength / middle
        return self.default + (self.full - self.default) * (strength - middle) / (1.0 - middle)


_DEFAULT_STRENGTH = 0.5


def _local(name: str, title: str, group: Group, default: float, full: float | None, help_: str) -> Slider:
    """A slider that works on the photograph's own pixels, without the generator."""
    return Slider(name, title, group.name, 0.0, 1.0, default, help_, full)


def _shape(name: str, title: str, help_: str) -> Slider:
    """A slider that displaces the photograph's own pixels."""
    return Slider(name, title, SHAPE.name, -1.0, 1.0, 0.0, help_)


def _moved(name: str, title: str, help_: str) -> Slider:
    """A slider of pose that displaces the photograph's own pixels, for the latent space has no such step."""
    return Slider(name, title, EXPRESSION.name, -1.0, 1.0, 0.0, help_)


def _latent(name: str, title: str, help_: str, step: LatentStep) -> Slider:
    """A slider that moves the face in the generator's latent space."""
    return Slider(name, title, EXPRESSION.name, -1.0, 1.0, 0.0, help_, None, step)


SHIPPED = (
    Slider(
        STRENGTH,
        "Strength",
        PATH.name,
        0.0,
        1.0,
        _DEFAULT_STRENGTH,
        "how much is retouched; 0 leaves the face as it is",
    ),
    Slider(TEXTURE, "Texture", SKIN.name, 0.0, 1.0, 0.85, "how much of the skin's finest texture stays"),
    _local("blemishes", "Blemishes", SKIN, 0.9, 1.0, "spots and pimples healed"),
    _local("marks", "Marks", SKIN, 0.0, None, "moles and freckles removed; they stay unless this is set"),
    _local("lines", "Lines", SKIN, 0.7, 0.9, "wrinkles and folds softened"),
    _local(
        "evenness", "Evenness", SKIN, 0.55, 0.75, "coarse pores and small shadows evened out; grain stays"
    ),
    _local("under_eyes", "Under the eyes", SKIN, 0.7, 0.75, "bags and dark circles eased"),
    _local("redness", "Redness", SKIN, 0.7, 0.85, "red patches and blotches evened out"),
    _local("shine", "Shine", SKIN, 0.5, 0.6, "bright reflections on the skin taken back"),
    _local("eye_whites", "Eye whites", EYES_AND_TEETH, 0.65, 0.75, "the whites of the eyes cleaner"),
    _local("irises", "Irises", EYES_AND_TEETH, 0.7, 0.8, "irises clearer"),
    _local("teeth", "Teeth", EYES_AND_TEETH, 0.35, 0.45, "teeth whiter"),
    _local("lips", "Lips", EYES_AND_TEETH, 0.4, 0.5, "the colour of the lips richer"),
    _local("brows_definition", "Brow definition", EYES_AND_TEETH, 0.5, 0.65, "brows clearer"),
    _shape("face_width", "Face width", "face wider, or narrower"),
    _shape("jaw", "Jaw", "jaw wider, or narrower"),
    _shape("chin", "Chin", "chin longer, or shorter"),
    _shape("cheekbones", "Cheekbones", "cheekbones higher and wider, or flatter"),
    _shape("nose_width", "Nose width", "nose wider, or narrower"),
    _shape("nose_length", "Nose length", "nose longer, or shorter"),
    _shape("eye_size", "Eye size", "eyes larger, or smaller"),
    _shape("lip_fullness", "Lip fullness", "lips fuller, or thinner"),
    _shape("forehead", "Forehead", "hairline higher, or lower"),
    _latent(
        "smile",
        "Smile",
        "mouth corners up, or down",
        LatentStep("smile", 1.8, 64, ("mouth_open", "eyes_open"), parts_lips=True, followed=0.5),
    ),
    _latent(
        "eyes", "Eyes", "eyes wider, or narrower", LatentStep("eyes_open", 2.1, 64, ("brows",), followed=1.0)
    ),
    _latent(
        "mouth",
        "Mouth",
        "mouth open, or closed",
        LatentStep("mouth_open", 1.6, 64, parts_lips=True),
    ),
    _latent(
        "brows",
        "Brows",
        "brows up, or down",
        LatentStep("brows", 1.44, 64, ("eyes_open",), unit=1.18, followed=1.0),
    ),
    _latent(
        YAW,
        "Turn",
        "turn towards the right of the picture, or the left",
        LatentStep("yaw", 0.7, 32, ("pitch",), followed=1.0, turns=True),
    ),
    _latent(
        PITCH,
        "Nod",
        "chin down, or up",
        LatentStep("pitch", 0.8, 32, ("yaw", "brows"), followed=1.0, turns=True),
    ),
    _moved(ROLL, "Tilt", "top of the head towards the right of the picture, or the left"),
    _moved(GAZE, "Gaze", "eyes look towards the right of the picture, or the left"),
    _latent(
        "age",
        "Age",
        "older, or younger",
        LatentStep("age", 1.27, 256, unit=1.18, brings_lines=True, followed=0.3),
    ),
    _latent(
        "hair_lightness",
        "Hair lightness",
        "hair lighter, or darker; always in generated pixels",
        LatentStep(
            "hair_lightness", 2.2, 256, followed=0.0, coarsest=16, holds_appearance=True, hair_alone=True
        ),
    ),
)
OWN_STEP = LatentStep("", 1.5, 256)
"""What a slider of the user's own does unless its file says otherwise."""
_LARGEST_STEP = 6.0  # deviations; a file may say what it likes


def _own(part: OwnPart) -> Slider:
    """The row of a slider that the user trained. Raises ValueError or KeyError."""
    step = LatentStep(
        part.name,
        min(max(float(part.facts["deviations"]), 0.0), _LARGEST_STEP),
        int(part.facts["finest"]),
        tuple(filter(None, part.facts["released"].split(","))),
    )
    return Slider(part.name, part.title, OWN.name, -1.0, 1.0, 0.0, part.facts["help"], None, step)


def _own_rows() -> tuple[Slider, ...]:
    """The rows of the user's own sliders, one for each name, whatever models they fit."""
    rows = {slider.name: slider for slider in SHIPPED}
    try:
        parts = own_parts.own_parts(own_parts.SLIDERS)
    except (ImportError, OSError):  # an editor whose packages are not there yet
        return ()
    for part in parts:
        try:
            rows.setdefault(part.name, _own(part))
        except (ValueError, KeyError):  # of a later version
            continue
    return tuple(rows.values())[len(SHIPPED) :]


_OWN_ROWS = _own_rows()
SLIDERS = (*SHIPPED, *_OWN_ROWS)
GROUPS = (*_SHIPPED_GROUPS, OWN) if _OWN_ROWS else _SHIPPED_GROUPS
BY_NAME = {slider.name: slider for slider in SLIDERS}
EDITS = tuple(slider for slider in SLIDERS if slider.name not in (STRENGTH, TEXTURE))
"""The sliders that a ``Look`` holds by name in ``edits``."""


def in_group(group: Group) -> tuple[Slider, ...]:
    """The sliders of a group, in the order of the table."""
    return tuple(slider for slider in SLIDERS if slider.group == group.name)

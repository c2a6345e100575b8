"""The table of sliders. A new slider is one row here.

Editors, command line, settings and wire take names, ranges, defaults and titles from it; the pipeline takes
the step in the latent space.
"""

from dataclasses import dataclass

from retouchml.results import Edit

STRENGTH, TEXTURE = "strength", "texture"

REST_MS = 120
"""Milliseconds after the last move of a slider until a preview is rendered."""


@dataclass(frozen=True)
class LatentStep:
    """The step in the latent space that a manual slider makes.

    attribute: the learned attribute that it moves; deviations: standard deviations that a value of 1 moves
    it by; finest: pixels, the finest layers that it touches; released: attributes that may follow, as part of
    the same movement; parts_lips: whether it opens or closes the mouth, which may then show the generator's
    pixels; brings_lines: whether it makes lines in the skin, which then follows fine changes too
    """

    attribute: str
    deviations: float
    finest: int
    released: tuple[str, ...] = ()
    parts_lips: bool = False
    brings_lines: bool = False


@dataclass(frozen=True)
class Slider:
    """One slider.

    name: as in commands, settings and messages; title: for people; group: sliders that belong together;
    default: also the value after a reset; help: a sentence without its full stop; latent: None if it is no
    manual edit
    """

    name: str
    title: str
    group: str
    low: float
    high: float
    default: float
    help: str
    latent: "LatentStep | None" = None

    def as_edit(self) -> Edit:
        """The slider as the Python interface, the wire and JSON list it."""
        return Edit(self.name, self.low, self.high, self.help)

    def accepts(self, value: float) -> bool:
        """Whether a value is in the slider's range; NaN is not."""
        return self.low <= value <= self.high

    def clamp(self, value: float) -> float:
        """The nearest value in the slider's range."""
        return min(self.high, max(self.low, value))


def _edit(name: str, title: str, help_: str, step: LatentStep) -> Slider:
    return Slider(name, title, "edit", -1.0, 1.0, 0.0, help_, step)


SLIDERS = (
    Slider(STRENGTH, "Strength", "path", 0.0, 1.0, 0.5, "how much is retouched; 0 leaves the face as it is"),
    Slider(TEXTURE, "Texture", "path", 0.0, 1.0, 0.7, "how much of the skin's finest texture stays"),
    _edit(
        "smile",
        "Smile",
        "mouth corners up, or down",
        LatentStep("smile", 1.8, 64, ("mouth_open", "eyes_open"), parts_lips=True),
    ),
    _edit("age", "Age", "older, or younger", LatentStep("age", 1.5, 256, brings_lines=True)),
    _edit(
        "yaw",
        "Turn",
        "turn towards the right of the picture, or the left",
        LatentStep("yaw", 0.7, 32, ("pitch",)),
    ),
    _edit("pitch", "Nod", "chin down, or up", LatentStep("pitch", 0.8, 32, ("yaw", "brows"))),
    _edit("eyes", "Eyes", "eyes wider, or narrower", LatentStep("eyes_open", 1.6, 64, ("brows",))),
    _edit(
        "mouth",
        "Mouth",
        "mouth open, or closed",
        LatentStep("mouth_open", 1.6, 64, ("smile",), parts_lips=True),
    ),
    _edit("brows", "Brows", "brows up, or down", LatentStep("brows", 1.4, 64, ("eyes_open",))),
)
BY_NAME = {slider.name: slider for slider in SLIDERS}
EDITS = tuple(slider for slider in SLIDERS if slider.group == "edit")
"""The manual sliders, which a ``Look`` holds by name."""

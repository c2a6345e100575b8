"""How one face is to look: the few numbers that editors, scripts and the wire pass around."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from retouchml.errors import UsageError

DEFAULT_STRENGTH = 0.5
DEFAULT_TEXTURE = 0.7


@dataclass(frozen=True)
class Look:
    """The settings of one face.

    strength: 0 (untouched, to the bit) to 1, how far along the path of rising score.
    texture:  0 (smooth skin) to 1 (every pore of the photograph), for the skin that ``strength`` eases.
    edits:    manual sliders by name, each -1 to 1; ``retouchml edits`` lists them.

    Raises UsageError where a number is out of range.
    """

    strength: float = DEFAULT_STRENGTH
    texture: float = DEFAULT_TEXTURE
    edits: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check("strength", self.strength, 0.0)
        _check("texture", self.texture, 0.0)
        for name, value in self.edits.items():
            _check(f"edit {name}", value, -1.0)
        object.__setattr__(self, "edits", MappingProxyType(dict(self.edits)))

    @property
    def untouched(self) -> bool:
        """Whether this look leaves a face exactly as it is."""
        return self.strength == 0 and not any(self.edits.values())


def _check(name: str, value: float, low: float) -> None:
    if not low <= value <= 1.0:  # also refuses NaN
        raise UsageError(f"{name} is {value:g}, but must lie between {low:g} and 1.")

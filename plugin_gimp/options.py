"""The procedure's arguments as values: faces and manual edits are texts, since scripts pass them."""

from dataclasses import dataclass, field

from plugin_gimp.messages import _
from retouchml.errors import NoFaceError, UsageError
from retouchml.look import Look

NEW_LAYER, WITH_MASK, REPLACE = "new-layer", "new-layer-with-mask", "replace"
OUTPUTS = (NEW_LAYER, WITH_MASK, REPLACE)


@dataclass(frozen=True)
class Options:
    """faces: "all", "largest" or numbers; edits: by name; output: one of ``OUTPUTS``."""

    strength: float
    texture: float
    edits: dict[str, float] = field(default_factory=dict)
    faces: str = "all"
    output: str = NEW_LAYER

    def looks(self, count: int) -> dict[int, Look]:
        """The look of each chosen face among ``count``. Raises NoFaceError or UsageError."""
        look = Look(self.strength, self.texture, self.edits)
        return dict.fromkeys(chosen(self.faces, count), look)


def parse_edits(text: str) -> dict[str, float]:
    """From "smile=0.3,age=-0.2". Raises UsageError."""
    edits = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = (each.strip() for each in part.partition("="))
        try:
            edits[name] = float(value)
        except ValueError:
            equals = ""
        if not name or not equals:
            raise UsageError(
                _("“{part}” is no edit.").format(part=part), _("Write them as smile=0.3,age=-0.2.")
            )
    return edits


def write_edits(edits: dict[str, float]) -> str:
    """The text that ``parse_edits`` reads; without those that are 0."""
    return ",".join(f"{name}={value:g}" for name, value in edits.items() if value)


def chosen(faces: str, count: int) -> list[int]:
    """Numbers of the chosen faces, of which there are ``count``. Raises NoFaceError or UsageError."""
    if count == 0:
        raise NoFaceError(
            _("No face was found on this layer."),
            _("Crop closer to the person, or turn the picture upright."),
        )
    text = faces.strip().lower()
    if text == "all":
        return list(range(count))
    if text == "largest":
        return [0]
    try:
        numbers = sorted({int(each) for each in text.split(",")})
    except ValueError as error:
        raise UsageError(
            _("“{faces}” does not name faces.").format(faces=faces), _("Write all, largest, or 0,2.")
        ) from error
    missing = [number for number in numbers if not 0 <= number < count]
    if missing:
        raise UsageError(
            _("There is no face number {number}.").format(number=missing[0]),
            _("The faces found are numbered from 0 to {last}.").format(last=count - 1),
        )
    return numbers

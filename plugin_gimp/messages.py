"""What the filter says, in the user's language where there is a translation (gettext: ``retouchml``)."""

import gettext
from pathlib import Path

_translation = gettext.translation(
    "retouchml", Path(__file__).resolve().parent.parent / "locale", fallback=True
)
_ = _translation.gettext

STAGES = {
    "read": _("Reading the layer"),
    "connect": _("Starting RetouchML"),
    "load": _("Loading the networks"),
    "detect": _("Looking for faces"),
    "align": _("Aligning the face"),
    "invert": _("Studying the face"),
    "beautify": _("Finding the way"),
    "masks": _("Outlining the face"),
    "render": _("Retouching"),
    "stitch": _("Retouching"),
    "write": _("Writing the layer"),
}

OUTPUTS = {
    "new-layer": _("New layer"),
    "new-layer-with-mask": _("New layer with a mask"),
    "replace": _("Replace the layer's pixels"),
}

LABELS = {
    "smile": _("Smi_le"),
    "age": _("_Age"),
    "yaw": _("T_urn"),
    "pitch": _("_Nod"),
    "eyes": _("E_yes"),
    "mouth": _("_Mouth"),
    "brows": _("Bro_ws"),
}


def stage(name: str) -> str:
    """The name of a stage of the work, for people."""
    return STAGES.get(name, name)


def remaining(name: str, seconds: "float | None") -> str:
    """A stage with the time that is left, where it is known."""
    if seconds is None or seconds < 1:
        return stage(name)
    return _("{stage}, about {seconds} s").format(stage=stage(name), seconds=round(seconds))

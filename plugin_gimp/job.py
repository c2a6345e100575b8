"""One retouch from the layer to the patches, waiting for the daemon: for scripts and for Filters > Repeat.

GIMP itself goes on meanwhile: a plug-in is a process of its own. GIMP's Cancel ends that process, and the
daemon notices.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gi.repository import Gimp

from plugin_gimp import output, pixels
from plugin_gimp.messages import _
from plugin_gimp.options import Options
from retouchml.client.answers import WirePatch
from retouchml.client.client import Client, RemotePhoto
from retouchml.errors import UsageError

Progress = Callable[[str, float, "float | None"], None]
# how much of the whole a stage is, in the order in which they come: (from, to)
_SHARES = {
    "read": (0.0, 0.02),
    "connect": (0.02, 0.04),
    "load": (0.04, 0.15),
    "detect": (0.15, 0.25),
    "align": (0.25, 0.27),
    "invert": (0.27, 0.75),
    "beautify": (0.75, 0.9),
    "masks": (0.9, 0.92),
    "render": (0.92, 0.98),
    "stitch": (0.92, 0.98),
    "write": (0.98, 1.0),
}


@dataclass(frozen=True)
class Done:
    """What came of it: the faces that were found, and those that were changed."""

    found: int
    changed: int


def overall(stage: str, fraction: float) -> float:
    """How much of the whole is done, 0 to 1."""
    low, high = _SHARES.get(stage, (0.0, 1.0))
    return low + (high - low) * fraction


def run(layer: Gimp.Drawable, options: Options, progress: Progress) -> Done:
    """Retouch ``layer`` in its image. Raises RetouchError, and then nothing was changed."""
    output.check(layer, options.output)
    progress("read", 0.0, None)
    picture, data, encoding = pixels.read(layer)
    progress("connect", 0.0, None)
    with Client(start=True, name=f"GIMP {Gimp.version()}") as client:
        opening = client.open(picture, data)
        opening.on_progress = progress
        photo = opening.result()
        looks = options.looks(len(photo.faces))
        if all(look.untouched for look in looks.values()):
            raise UsageError(
                _("At strength 0 and without edits there is nothing to retouch."), _("Move a slider.")
            )
        patches = _patches(photo, options, progress)
        progress("write", 0.0, None)
        if patches:
            output.apply(layer, patches, encoding, options.output)
    return Done(len(photo.faces), len(patches))


def _patches(photo: RemotePhoto, options: Options, progress: Progress) -> "tuple[WirePatch, ...]":
    call = photo.render(options.looks(len(photo.faces)))
    call.on_progress = progress
    return call.result().patches

"""One retouch from the layer to the result, which waits for the daemon: for scripts and Filters > Repeat.

GIMP itself continues meanwhile, as a plug-in is a process of its own. Its Cancel button ends that process,
which the daemon notices.
"""

from gi.repository import Gimp

from plugin_gimp import layer_pixels, output
from plugin_gimp.arguments import Arguments
from plugin_gimp.texts import _
from retouchml import sentences
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.errors import UsageError
from retouchml.progress import Progress


def run(layer: Gimp.Drawable, arguments: Arguments, progress: Progress) -> None:
    """Retouch ``layer`` in its image. Raises RetouchError, and then nothing was changed."""
    output.check(layer, arguments.output)
    progress("read", 0.0, None)
    picture, pixels, encoding = layer_pixels.read(layer)
    with Client(start=True, name=f"GIMP {Gimp.version()}", same_version=True) as client:
        session = PhotoSession(client, picture, pixels)
        session.on_progress = progress
        session.open()
        session.wait()
        looks = arguments.looks(session.faces)
        if all(look.untouched for look in looks.values()):
            raise UsageError(_(sentences.NOTHING_CHANGES), _(sentences.NOTHING_CHANGES_ADVICE))
        session.render(looks)
        rendered = session.wait()
        progress("write", 0.0, None)
        if rendered is not None and rendered.patches:
            output.apply(layer, rendered.patches, encoding, arguments.output)

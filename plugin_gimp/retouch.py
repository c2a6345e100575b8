"""One retouch from the layer to the result, which waits for the daemon: for scripts and Filters > Repeat.

GIMP itself continues meanwhile, as a plug-in is a process of its own. Its Cancel button ends that process,
which the daemon notices.
"""

from gi.repository import Gimp

from plugin_gimp import editor, history, layer_pixels, output, reach, results
from plugin_gimp.arguments import KEEP, Arguments
from plugin_gimp.texts import _
from retouchml import __version__, sentences
from retouchml.client import machines_page
from retouchml.client.photo_session import PhotoSession
from retouchml.errors import UsageError
from retouchml.progress import Progress
from retouchml.result_record import record


def run(layer: Gimp.Drawable, arguments: Arguments, progress: Progress, *, repeats: bool = False) -> None:
    """Retouch ``layer``, or if it is a result the layer that it was made from.

    repeats: whether a result is made again as it was made, whatever the looks of ``arguments``

    Raises RetouchError, also if nothing would change, and then nothing was changed.
    """
    chosen = results.choose(layer)
    output.check(chosen.source, arguments.output)
    progress("read", 0.0, None)
    pixels = layer_pixels.Pixels.of(chosen.source)
    picture, places = pixels.picture, arguments.places
    if repeats and chosen.record is not None:
        places = chosen.record.places_within(picture.width, picture.height)
    with machines_page.new_client(editor.name()) as client:
        scorer = machines_page.scorer()
        session = PhotoSession(client, picture, pixels.read(), at=places, scorer=scorer, spares=True)
        session.on_progress = progress
        session.open()
        session.wait()
        boxes = [face.box for face in session.faces]
        made_again = chosen.record.looks(boxes) if repeats and chosen.record is not None else {}
        looks = made_again or arguments.looks(session.faces, reach.selected_faces(chosen.source, boxes))
        if all(look.untouched for look in looks.values()):
            raise UsageError(_(sentences.NOTHING_CHANGES), _(sentences.NOTHING_CHANGES_ADVICE))
        session.render(looks)
        rendered = session.wait()
        progress("write", 0.0, None)
        patches = rendered.patches if rendered is not None else ()
        made = record(results.name_of_source(chosen.source), boxes, looks, __version__, places)
        history.remember(chosen.source.get_image(), made)
        keep = arguments.earlier == KEEP
        output.apply(chosen, patches, pixels.encoding, arguments.output, made, keep_earlier=keep)

"""What the dialog begins with: its look, the places of marked faces, and the faces that are ticked."""

from gi.repository import Gimp

from plugin_gimp import arguments, history, reach, results
from retouchml.errors import UsageError
from retouchml.first_faces import first_faces
from retouchml.look import Look
from retouchml.remembered import remembered
from retouchml.result_record import match
from retouchml.results import Box


def first_look(config: Gimp.ProcedureConfig, chosen: results.Chosen) -> Look:
    """The look of the result that is edited again, or what is remembered of the last picture's."""
    if chosen.record is not None:
        return chosen.record.look
    try:
        return remembered(arguments.of_config(config).common.look)
    except UsageError:  # from a script
        return Look()


def first_places(chosen: results.Chosen) -> "tuple[Box, ...]":
    """Where a face was marked for the result that is edited again, else for the layer's last one."""
    layer = chosen.source
    past = history.of_image(layer.get_image()).of_source(results.name_of_source(layer))
    records = [chosen.record, *(each.record for each in past)]
    last = next(filter(None, records), None)
    return () if last is None else last.places_within(layer.get_width(), layer.get_height())


def first_ticked(chosen: results.Chosen, boxes: "list[Box]") -> "tuple[int, ...]":
    """The faces to retouch: those of the result that is edited again, those that the selection means."""
    if chosen.record is not None:
        before = match([face.box for face in chosen.record.faces], boxes)
        return tuple(sorted(before)) or tuple(range(len(boxes)))
    return reach.selected_faces(chosen.source, boxes) or first_faces(len(boxes))

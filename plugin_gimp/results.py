"""The results in an image: how each was made, kept as a parasite of its layer, and the layer it came from."""

from dataclasses import dataclass

from gi.repository import Gimp

from retouchml.result_record import ResultRecord

_PARASITE = "retouchml-result"
_FLAGS = (
    3  # GIMP_PARASITE_PERSISTENT | GIMP_PARASITE_UNDOABLE: saved with the image, and undone with its layer
)


@dataclass(frozen=True)
class Chosen:
    """What the user chose: the layer to retouch; and if a result was chosen, it and its record."""

    source: Gimp.Drawable
    result: "Gimp.Layer | None" = None
    record: "ResultRecord | None" = None


def choose(layer: Gimp.Drawable) -> Chosen:
    """The layer to retouch: for a result, which GIMP selects, the one that it was made from.

    A result whose source was deleted is a layer like any other.
    """
    source, result, record = layer, None, None
    seen: set[int] = set()
    while source.get_id() not in seen:
        seen.add(source.get_id())
        made = record_of(source)
        below = _source_of(source, made) if made is not None else None
        if below is None:
            break
        source, result, record = below, result or source, record or made
    return Chosen(source, result, record)


def record_of(layer: Gimp.Item) -> "ResultRecord | None":
    """How a result was made; None for any other layer."""
    parasite = layer.get_parasite(_PARASITE)
    if parasite is None:
        return None
    return ResultRecord.from_json(bytes(parasite.get_data()).decode("utf-8", "replace"))


def remember(layer: Gimp.Layer, record: ResultRecord) -> None:
    """Keep the record with the result."""
    layer.attach_parasite(Gimp.Parasite.new(_PARASITE, _FLAGS, record.to_json().encode("utf-8")))


def name_of_source(layer: Gimp.Layer) -> str:
    """How records name a layer."""
    return str(layer.get_tattoo())


def layers_of(image: Gimp.Image) -> "list[Gimp.Layer]":
    """All layers of an image, those in groups too, the topmost first."""
    return _below(image.get_layers())


def of_source(source: Gimp.Layer) -> "list[Gimp.Layer]":
    """The results of a layer, the topmost first."""
    name = name_of_source(source)
    found = []
    for layer in layers_of(source.get_image()):
        record = record_of(layer)
        if record is not None and record.source == name:
            found.append(layer)
    return found


def _source_of(result: Gimp.Layer, record: ResultRecord) -> "Gimp.Layer | None":
    tattoo = int(record.source) if record.source.isdecimal() else 0
    return result.get_image().get_layer_by_tattoo(tattoo) if tattoo else None


def _below(layers: "list[Gimp.Layer]") -> "list[Gimp.Layer]":
    """These layers and those in their groups, the topmost first."""
    found = []
    for layer in layers:
        found.append(layer)
        if layer.is_group():
            found += _below(layer.get_children())
    return found

"""The results in a document: how each was made, and one step of undo where one takes another's place.

The records are an annotation of the document, which Krita saves in its files.
"""

import functools
import json
from typing import Any

from krita import Krita

from retouchml.result_history import PastResult, ResultHistory
from retouchml.result_record import ResultRecord

from .event_loop import guard

_ANNOTATION, _HISTORY = "RetouchML/results", "RetouchML/history"
_DESCRIPTION = "How the results of RetouchML were made"
_HISTORY_DESCRIPTION = "The last results of RetouchML"
_MOST = 200  # records that a document keeps, the newest
_UNDO_ACTIONS = ("edit_undo", "edit_redo")

_replaced: dict[str, str] = {}  # keys of results to those of the results whose places they took


def records(document: Any) -> dict[str, ResultRecord]:
    """The records of a document's results, by the key of the layer, which may have been deleted since."""
    if _ANNOTATION not in document.annotationTypes():
        return {}
    return dict(_parsed(bytes(document.annotation(_ANNOTATION))))


@functools.lru_cache(maxsize=4)  # it is asked four times a second, and may be a megabyte
def _parsed(annotation: bytes) -> dict[str, ResultRecord]:
    try:
        stored = json.loads(annotation.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(stored, dict):
        return {}
    read = {str(key): ResultRecord.from_fields(fields) for key, fields in stored.items()}
    return {key: record for key, record in read.items() if record is not None}


def remember(document: Any, key: str, record: ResultRecord) -> None:
    """Keep the record of a result."""
    kept = {**records(document), key: record}
    newest = dict(list(kept.items())[-_MOST:])
    text = json.dumps({each: record.as_fields() for each, record in newest.items()})
    document.setAnnotation(_ANNOTATION, _DESCRIPTION, text.encode("utf-8"))


def history(document: Any) -> ResultHistory:
    """The last results of a document."""
    if _HISTORY not in document.annotationTypes():
        return ResultHistory()
    try:
        return ResultHistory.from_json(bytes(document.annotation(_HISTORY)).decode("utf-8"))
    except ValueError:
        return ResultHistory()


def remember_in_history(document: Any, result: PastResult) -> None:
    """Add a result to the last ones."""
    text = history(document).with_result(result).to_json()
    document.setAnnotation(_HISTORY, _HISTORY_DESCRIPTION, text.encode("utf-8"))


def key_of(node: Any) -> str:
    """The key of a layer: its unique id, which Krita saves."""
    key: str = node.uniqueId().toString()
    return key


def find(parent: Any, key: str) -> Any:
    """The layer below ``parent`` with this key, or None.

    ``nodeByUniqueID`` returns a type that lacks a layer's methods.
    """
    return next((node for node in _below(parent) if key_of(node) == key), None)


def of_source(document: Any, source: str) -> list[Any]:
    """The layers that are results of a source, the topmost last."""
    known = {key for key, record in records(document).items() if record.source == source}
    return [node for node in _below(document.rootNode()) if key_of(node) in known] if known else []


def follow_undo(new: str, old: str) -> None:
    """Let one step of undo, or redo, do for two: that ``new`` was added, and that ``old`` was removed.

    Krita's interface has no step that does both.
    """
    _replaced[new] = old
    for name in _UNDO_ACTIONS:
        action = Krita.instance().action(name)
        if action is not None and not action.property("retouchml"):
            action.setProperty("retouchml", True)
            action.triggered.connect(guard(lambda *_, name=name: _do_second_half(name)))


def _do_second_half(action: str) -> None:
    document = Krita.instance().activeDocument()
    if document is None:
        return
    document.waitForDone()
    keys = {key_of(node) for node in _below(document.rootNode())}
    if any(new in keys and old in keys for new, old in _replaced.items()):
        Krita.instance().action(action).trigger()


def _below(parent: Any) -> list[Any]:
    """All nodes below one, from the bottom to the top."""
    nodes = []
    for node in parent.childNodes():
        nodes += [*_below(node), node]
    return nodes

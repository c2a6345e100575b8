"""The last results of a document in an editor: how each was made, and a small picture of it.

A text in JSON, which the editor keeps with the document.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from retouchml.result_record import ResultRecord

MOST = 8
"""Results that are kept."""
_LARGEST_PICTURE = 64 << 10  # bytes


@dataclass(frozen=True)
class PastResult:
    """A result. record: how it was made; picture: a thumbnail as a PNG file, b"" if there is none."""

    record: ResultRecord
    picture: bytes = b""

    def as_fields(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"record": self.record.as_fields(), "picture": base64.b64encode(self.picture).decode("ascii")}

    @classmethod
    def from_fields(cls, fields: object) -> "PastResult | None":
        """What ``as_fields`` gave; None if it makes no sense."""
        if not isinstance(fields, dict):
            return None
        record, picture = ResultRecord.from_fields(fields.get("record")), fields.get("picture", "")
        if record is None or not record.faces or not isinstance(picture, str):
            return None
        try:
            data = base64.b64decode(picture, validate=True)
        except ValueError:
            data = b""
        return cls(record, data if len(data) <= _LARGEST_PICTURE else b"")


@dataclass(frozen=True)
class ResultHistory:
    """The last results, the newest first."""

    results: tuple[PastResult, ...] = ()

    def with_result(self, result: PastResult) -> "ResultHistory":
        """With one more; one that was made alike of the same layer moves to the front."""
        made = result.record.source, result.record.faces
        others = [each for each in self.results if (each.record.source, each.record.faces) != made]
        return ResultHistory((result, *others)[:MOST])

    def of_source(self, source: str) -> tuple[PastResult, ...]:
        """Those of a layer, as records name it."""
        return tuple(each for each in self.results if each.record.source == source)

    def to_json(self) -> str:
        """As a text."""
        return json.dumps([each.as_fields() for each in self.results])

    @classmethod
    def from_json(cls, text: str) -> "ResultHistory":
        """What is left of ``to_json``'s text; what makes no sense is left out."""
        try:
            entries = json.loads(text)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(entries, list):
            return cls()
        found = (PastResult.from_fields(each) for each in entries[:MOST])
        return cls(tuple(each for each in found if each is not None))

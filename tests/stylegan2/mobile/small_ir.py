"""Builds OpenVINO networks by hand, for the tests of their reader and of the importer."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

ELEMENT_TYPES = {"float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32"}


@dataclass
class Network:
    """An IR that grows: layers as XML, constants one after the other in the binary."""

    layers: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    blob: bytearray = field(default_factory=bytearray)

    def constant(self, name: str, value: NDArray[np.generic], **changed: str) -> str:
        """Add a constant, with attributes of its data ``changed``; "-" leaves one out. Returns its id."""
        data = {
            "element_type": ELEMENT_TYPES[str(value.dtype)],
            "shape": ",".join(map(str, value.shape)),
            "offset": str(len(self.blob)),
            "size": str(value.nbytes),
        } | changed
        self.blob += value.tobytes()
        attributes = "".join(f" {key}={quoteattr(text)}" for key, text in data.items() if text != "-")
        return self.layer(name, "Const", f"<data{attributes}/>")

    def layer(self, name: str, kind: str, inside: str = "", inputs: tuple[str, ...] = ()) -> str:
        """Add a layer that reads ``inputs``. Returns its id."""
        identity = str(len(self.layers))
        self.layers.append(f'<layer id="{identity}" name="{name}" type="{kind}">{inside}</layer>')
        for port, source in reversed(list(enumerate(inputs))):  # the last port comes first in the file
            self.edges.append(
                f'<edge from-layer="{source}" from-port="9" to-layer="{identity}" to-port="{port}"/>'
            )
        return identity

    def text(self) -> str:
        """The XML."""
        layers, edges = "".join(self.layers), "".join(self.edges)
        return f'<net name="n" version="10"><layers>{layers}</layers><edges>{edges}</edges></net>'

    def write(self, folder: Path, name: str = "net") -> Path:
        """Write both files; returns the XML's path."""
        (folder / f"{name}.bin").write_bytes(self.blob)
        path = folder / f"{name}.xml"
        path.write_text(self.text(), encoding="utf-8")
        return path

"""Reads an OpenVINO IR (version 10), an XML graph beside a flat binary: its layers and their connections.

Only what the converter needs: every layer's type, name, inputs and, for constants, its array. Nothing is
executed, and every offset is checked against the size of the binary before it is read.
"""

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt

_DTYPES = {"f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32}


@dataclass(frozen=True)
class Node:
    """One layer of the graph."""

    id: str
    kind: str  # its type in the IR, such as "Convolution"
    name: str
    inputs: tuple[str, ...]  # ids of layers in the order of the ports
    value: NDArray[np.generic] | None = None  # of a constant


class Graph:
    """The layers of an IR, in the order of the file, which is an order of execution."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.by_id = {node.id: node for node in nodes}
        self._by_name = {node.name: node for node in nodes}
        self._readers: dict[str, list[Node]] = {}
        for node in nodes:
            for source in node.inputs:
                self._readers.setdefault(source, []).append(node)

    def of_kind(self, kind: str) -> list[Node]:
        """All layers of one type, in the order of execution."""
        return [node for node in self.nodes if node.kind == kind]

    def constant(self, name: str) -> NDArray[np.float32]:
        """The float array of a constant. Raises ModelCorrupt if there is none of that name."""
        node = self._by_name.get(name)
        if node is None or node.value is None:
            raise ModelCorrupt(f"The network file has no constant called {name}.", _REFETCH)
        return node.value.astype(np.float32)

    def named(self, name: str) -> Node:
        """The layer of that name. Raises ModelCorrupt if there is none."""
        node = self._by_name.get(name)
        if node is None:
            raise ModelCorrupt(f"The network file has no layer called {name}.", _REFETCH)
        return node

    def reader(self, node: Node, kind: str | None = None) -> Node:
        """The first layer (of type ``kind``) that reads ``node``. Raises ModelCorrupt if there is none."""
        readers = [reader for reader in self._readers.get(node.id, ()) if kind in (None, reader.kind)]
        if not readers:
            raise ModelCorrupt(f"In the network file nothing reads layer {node.name}.", _REFETCH)
        return readers[0]

    def other_input(self, node: Node, first: Node) -> Node:
        """The input of a two-input layer beside ``first``. Raises ModelCorrupt if there is none."""
        others = [source for source in node.inputs if source != first.id]
        if len(others) != 1 or others[0] not in self.by_id:
            raise ModelCorrupt(f"Layer {node.name} of the network file is not wired as expected.", _REFETCH)
        return self.by_id[others[0]]


_REFETCH = "Fetch it again: retouchml models remove, then retouchml models fetch."


def read(xml_path: Path) -> Graph:
    """Read ``NAME.xml`` and the ``NAME.bin`` beside it.

    Raises ModelCorrupt if the XML cannot be parsed or a constant lies outside the binary.
    """
    try:
        root = ElementTree.parse(xml_path).getroot()  # noqa: S314 - the archive's checksum was verified
        return _graph(root, xml_path.with_suffix(".bin").read_bytes())
    except (OSError, ElementTree.ParseError) as error:
        raise ModelCorrupt(f"{xml_path.name} is no readable network file ({error}).", _REFETCH) from error
    except (KeyError, ValueError) as error:
        raise ModelCorrupt(
            f"{xml_path.name} is no network file: an attribute is missing or wrong ({error}).", _REFETCH
        ) from error


def _graph(root: ElementTree.Element, blob: bytes) -> Graph:
    inputs_of: dict[str, dict[int, str]] = {}  # for each layer, input layers by port
    for edge in root.iterfind("./edges/edge"):
        ports = inputs_of.setdefault(edge.attrib["to-layer"], {})
        ports[int(edge.attrib["to-port"])] = edge.attrib["from-layer"]
    nodes = []
    for layer in root.iterfind("./layers/layer"):
        identity, kind = layer.attrib["id"], layer.attrib["type"]
        ports = inputs_of.get(identity, {})
        value = _constant(layer, blob) if kind == "Const" else None
        inputs = tuple(ports[port] for port in sorted(ports))
        nodes.append(Node(identity, kind, layer.attrib["name"], inputs, value))
    return Graph(nodes)


def _constant(layer: ElementTree.Element, blob: bytes) -> NDArray[np.generic]:
    data = layer.find("data")
    if data is None:
        raise ModelCorrupt(f"Constant {layer.attrib['name']} of the network file has no data.", _REFETCH)
    shape = tuple(int(size) for size in data.attrib["shape"].split(",") if size.strip())
    dtype = _DTYPES.get(data.attrib["element_type"])
    offset, size = int(data.attrib["offset"]), int(data.attrib["size"])
    if dtype is None or min(shape, default=0) < 0 or offset < 0 or offset + size > len(blob):
        raise ModelCorrupt(f"Constant {layer.attrib['name']} lies outside the network file.", _REFETCH)
    if math.prod(shape) * np.dtype(dtype).itemsize != size:
        raise ModelCorrupt(f"Constant {layer.attrib['name']} has the wrong size.", _REFETCH)
    return np.frombuffer(blob, dtype, math.prod(shape), offset).reshape(shape)

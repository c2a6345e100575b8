"""The reader of TensorFlow Lite's files: what it reads, and that it refuses whatever is not whole."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retouchml.errors import ModelCorrupt
from stylegan2.tflite import graph as tflite
from stylegan2.tflite.convert import to_onnx
from stylegan2.tflite.graph import Graph
from tests.stylegan2.tflite.small_tflite import Field, Network, Table, flatbuffer

ADD, PRELU = 0, 54


def small() -> Network:
    """An input, bent by a slope for each channel, added to itself."""
    network = Network()
    source = network.input(1, 2, 3, 2)
    slope = network.constant(np.array([[[0.5, -2.0]]], np.float16))
    bent = network.operator(PRELU, [source, slope], (1, 2, 3, 2))
    network.outputs = [network.operator(ADD, [bent, source], (1, 2, 3, 2), {0: ("b", 0)})]
    return network


def test_tensors_and_operators_are_read() -> None:
    graph = tflite.parse(small().write())
    assert [tensor.shape for tensor in graph.tensors] == [
        (1, 2, 3, 2),
        (1, 1, 2),
        (1, 2, 3, 2),
        (1, 2, 3, 2),
    ]
    assert np.array_equal(graph.tensors[1].value, [[[0.5, -2.0]]])
    assert graph.tensors[0].value is None
    assert [operator.kind for operator in graph.operators] == ["PRELU", "ADD"]
    assert [operator.inputs for operator in graph.operators] == [(0, 1), (2, 0)]
    assert (graph.inputs, graph.outputs) == ((0,), (3,))


def test_a_missing_file_is_corrupt_and_named(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt, match=r"gone\.tflite"):
        tflite.read(tmp_path / "gone.tflite")


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # sparse
    with pytest.raises(ModelCorrupt, match="too large"):
        tflite.read(path)


def test_a_network_that_is_no_tflite_is_corrupt() -> None:
    for blob in (b"", b"TFL3", bytes(100), flatbuffer(Table({0: ("I", 3)}), b"ONNX")):
        with pytest.raises(ModelCorrupt):
            tflite.parse(blob)


def _with(number: int, value: Field) -> Callable[[Network], object]:
    return lambda network: network.tensors[1].fields.update({number: value})


def _operator(number: int, value: Field) -> Callable[[Network], object]:
    return lambda network: network.operators[0].fields.update({number: value})


@pytest.mark.parametrize(
    "spoil",
    [
        _with(0, [1, 1, 3]),
        _with(0, [1, 1, -2]),
        _with(0, [1, 1, 0]),
        _with(0, [1, 1, 1, 1, 2]),
        _with(0, [1 << 30, 1 << 30, 2]),
        _with(1, ("b", 0)),
        _with(1, ("b", 9)),
        _with(2, ("I", 2)),
        _with(2, ("I", (1 << 32) - 1)),
        lambda network: network.buffers[1].fields.update({0: np.array([1, np.nan], np.float16).tobytes()}),
        _operator(0, ("I", 7)),
        _operator(1, [0, 9]),
        _operator(1, [0, -7]),
        _operator(1, [0, 3]),  # of a later operator
        _operator(2, []),
        _operator(2, [0]),
        _operator(2, [1]),
        _operator(2, [99]),
        lambda network: network.kinds.__setitem__(0, 32),  # a custom operator without a name
        lambda network: network.kinds.__setitem__(0, "MaxUnpooling2D"),
        lambda network: network.inputs.append(1),
        lambda network: network.inputs.append(99),
        lambda network: network.outputs.append(99),
        lambda network: network.outputs.clear(),
        lambda network: setattr(network, "graphs", 2),
        lambda network: setattr(network, "graphs", 0),
    ],
)
def test_what_cannot_be_right_is_corrupt(spoil: Callable[[Network], object]) -> None:
    network = small()
    spoil(network)
    with pytest.raises(ModelCorrupt):
        tflite.parse(network.write())


def test_a_custom_operator_is_known_by_its_name_and_brings_its_options() -> None:
    network = small()
    network.kinds[0] = "Convolution2DTransposeBias"
    network.operators[0].fields[5] = b"options"
    operator, _ = tflite.parse(network.write()).operators
    assert (operator.kind, operator.custom) == ("TRANSPOSE_CONV_BIAS", b"options")
    network.operators[0].fields[5] = bytes(1000)
    with pytest.raises(ModelCorrupt, match="too long"):
        tflite.parse(network.write())


def test_many_tensors_of_the_same_bytes_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite, "_LARGEST_IN_ALL", 1000)
    network = small()
    network.constant(np.zeros(300, np.float32))
    tflite.parse(network.write())
    for _ in range(3):
        network.tensor(300, buffer=len(network.buffers) - 1)
    with pytest.raises(ModelCorrupt, match="too large"):
        tflite.parse(network.write())


def test_constants_are_not_copied() -> None:
    network = small()
    network.constant(np.zeros(1 << 20, np.float32))
    for _ in range(15):
        network.tensor(1 << 20, buffer=len(network.buffers) - 1)
    blob = network.write()
    tracemalloc.start()
    try:
        graph = tflite.parse(blob)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(graph.tensors) == 20
    assert most < 4 << 20  # bytes; one of the sixteen constants


def test_what_is_too_large_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tensors beyond the limit are no tensors at all, which nobody sees."""
    monkeypatch.setattr(tflite, "_LARGEST_IN_ALL", 1000)
    network = small()
    for _ in range(2):
        network.constant(np.zeros(600, np.float32))
    network.tensor(-1)
    with pytest.raises(ModelCorrupt, match="too large"):
        tflite.parse(network.write())


@pytest.mark.parametrize(
    "spoil",
    [
        _with(3, b"n" * 2000),
        _with(0, [1] * 5000),
        _operator(1, [0] * 5000),
        _operator(2, [3] * 5000),
        lambda network: network.inputs.extend([0] * 5000),
        lambda network: network.outputs.extend([3] * 5000),
    ],
)
def test_names_and_lists_of_numbers_have_a_limit(spoil: Callable[[Network], object]) -> None:
    network = small()
    spoil(network)
    with pytest.raises(ModelCorrupt, match=r"a list of \d+ entries"):
        tflite.parse(network.write())


def test_a_list_without_end_is_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite, "_MOST_ENTRIES", 3)
    with pytest.raises(ModelCorrupt, match="4 entries"):
        tflite.parse(small().write())


@settings(max_examples=400)
@given(place=st.integers(0, 10_000), octets=st.binary(max_size=4))
def test_a_cut_or_overwritten_file_gives_a_network_or_corrupt(place: int, octets: bytes) -> None:
    blob = small().write()
    place %= len(blob)
    spoilt = blob[:place] + octets + (blob[place + len(octets) :] if octets else b"")
    try:
        graph = tflite.parse(spoilt)
        to_onnx(graph)
    except ModelCorrupt:
        return
    assert isinstance(graph, Graph)

"""The reader of OpenVINO networks: what it reads, and that it refuses whatever is not whole."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retouchml.errors import ModelCorrupt
from stylegan2.mobile import openvino_ir
from stylegan2.mobile.openvino_ir import Graph
from tests.stylegan2.mobile.small_ir import ELEMENT_TYPES, Network


def small() -> Network:
    """A product of an input and a constant, to which a constant is added."""
    network = Network()
    x = network.layer("x", "Parameter")
    weight = network.constant("weight", np.arange(6, dtype=np.float32).reshape(2, 3))
    product = network.layer("product", "MatMul", inputs=(x, weight))
    bias = network.constant("bias", np.array([0.5, -2.0, 8.0], np.float16))
    network.layer("total", "Add", inputs=(bias, product))
    return network


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return openvino_ir.read(small().write(tmp_path))


def test_constants_come_back_as_floats_whatever_precision_they_were_kept_in(graph: Graph) -> None:
    assert np.array_equal(graph.constant("weight"), [[0, 1, 2], [3, 4, 5]])
    assert graph.constant("weight").dtype == np.float32
    assert np.array_equal(graph.constant("bias"), [0.5, -2.0, 8.0])
    assert graph.constant("bias").dtype == np.float32


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_every_element_type_is_read(dtype: str, tmp_path: Path) -> None:
    network = Network()
    network.constant("before", np.ones(3, np.float32))
    network.constant("value", np.array([[1, -2], [3, 100]], dtype))
    read = openvino_ir.read(network.write(tmp_path))
    assert np.array_equal(read.constant("value"), [[1, -2], [3, 100]])


def test_a_scalar_is_read(tmp_path: Path) -> None:
    network = Network()
    network.constant("factor", np.array(0.25, np.float32))
    assert openvino_ir.read(network.write(tmp_path)).constant("factor").shape == ()


def test_inputs_are_in_the_order_of_their_ports_not_of_the_file(graph: Graph) -> None:
    product = graph.named("product")
    assert [graph.by_id[source].name for source in product.inputs] == ["x", "weight"]
    assert [graph.by_id[source].name for source in graph.named("total").inputs] == ["bias", "product"]


def test_layers_are_found_by_type_reader_and_other_input(graph: Graph) -> None:
    product = graph.named("product")
    assert [node.name for node in graph.of_kind("Const")] == ["weight", "bias"]
    assert graph.reader(product).name == "total"
    assert graph.reader(product, "Add").name == "total"
    assert graph.other_input(graph.named("total"), product).name == "bias"


def test_what_is_not_in_the_graph_is_corrupt(graph: Graph) -> None:
    for ask in (
        lambda: graph.constant("gain"),
        lambda: graph.constant("product"),
        lambda: graph.named("gain"),
        lambda: graph.reader(graph.named("total")),
        lambda: graph.reader(graph.named("product"), "Reshape"),
        lambda: graph.other_input(graph.named("weight"), graph.named("x")),
    ):
        with pytest.raises(ModelCorrupt):
            ask()


def test_an_input_that_is_no_layer_is_corrupt(tmp_path: Path) -> None:
    network = small()
    product = network.layer("dangling", "Add", inputs=("1", "77"))
    read = openvino_ir.read(network.write(tmp_path))
    with pytest.raises(ModelCorrupt):
        read.other_input(read.by_id[product], read.by_id["1"])


@pytest.mark.parametrize(
    "changed",
    [
        {"offset": "24"},
        {"offset": "-4"},
        {"offset": "1000000000000"},
        {"size": "20"},
        {"size": "28"},
        {"size": "-24"},
        {"shape": "2,4"},
        {"shape": "-2,-3"},
        {"shape": "2,3,0"},
        {"shape": "two,3"},
        {"shape": "4294967296,4294967296"},
        {"element_type": "bf16"},
        {"element_type": ""},
        {"offset": "here"},
        {"offset": "-"},
        {"size": "-"},
        {"shape": "-"},
        {"element_type": "-"},
    ],
    ids=str,
)
def test_a_constant_that_cannot_be_right_is_corrupt(changed: dict[str, str], tmp_path: Path) -> None:
    network = Network()
    network.constant("weight", np.zeros((2, 3), np.float32), **changed)
    with pytest.raises(ModelCorrupt):
        openvino_ir.read(network.write(tmp_path))


@pytest.mark.parametrize(
    "layer",
    [
        '<layer id="0" name="weight" type="Const"/>',
        '<layer name="weight" type="Result"/>',
        '<layer id="0" name="weight"/>',
        '<layer id="0" type="Result"/>',
    ],
)
def test_a_layer_without_what_every_layer_has_is_corrupt(layer: str, tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        openvino_ir.read(Network(layers=[layer]).write(tmp_path))


@pytest.mark.parametrize(
    "edge",
    ['<edge from-layer="0" to-layer="1"/>', '<edge from-layer="0" to-layer="1" to-port="x"/>', "<edge/>"],
)
def test_an_edge_without_its_ends_is_corrupt(edge: str, tmp_path: Path) -> None:
    network = small()
    network.edges.append(edge)
    with pytest.raises(ModelCorrupt):
        openvino_ir.read(network.write(tmp_path))


def test_a_binary_that_ends_early_is_corrupt(tmp_path: Path) -> None:
    path = small().write(tmp_path)
    path.with_suffix(".bin").write_bytes(small().blob[:-1])
    with pytest.raises(ModelCorrupt):
        openvino_ir.read(path)


@pytest.mark.parametrize("missing", [".xml", ".bin"])
def test_a_missing_file_is_corrupt_and_named(missing: str, tmp_path: Path) -> None:
    path = small().write(tmp_path)
    path.with_suffix(missing).unlink()
    with pytest.raises(ModelCorrupt, match="net"):
        openvino_ir.read(path)


def test_xml_that_expands_without_end_is_corrupt(tmp_path: Path) -> None:
    path = small().write(tmp_path)
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 20}">' for i in range(12))
    path.write_text(f'<!DOCTYPE net [<!ENTITY e0 "{"x" * 100}">{entities}]><net>&e12;</net>')
    with pytest.raises(ModelCorrupt):
        openvino_ir.read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(cut=st.integers(0, 10_000), byte=st.binary(max_size=3))
def test_a_cut_or_overwritten_file_never_gives_anything_but_a_graph_or_corrupt(
    cut: int, byte: bytes, tmp_path: Path
) -> None:
    path = small().write(tmp_path)
    content = path.read_bytes()
    place = cut % len(content)
    path.write_bytes(content[:place] + byte + (content[place + len(byte) :] if byte else b""))
    try:
        graph = openvino_ir.read(path)
    except ModelCorrupt:
        return
    assert isinstance(graph, Graph)

"""The writer of ONNX graphs: what it writes computes what was asked for."""

import numpy as np
import onnx

from stylegan2.onnx import session
from stylegan2.onnx_graph import GraphWriter


def test_a_graph_computes_what_was_written() -> None:
    graph = GraphWriter()
    x = graph.input("x", (2, 3))
    total = graph.node("ReduceSum", graph.node("Mul", x, graph.number(2.0)), graph.sizes(1), keepdims=0)
    model = graph.model({"total": total, "doubled": graph.node("Mul", x, graph.number(2.0))})
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    results = session(model, 1, "").run(["total", "doubled"], {"x": values})
    assert np.array_equal(results[0], [6.0, 24.0])
    assert np.array_equal(results[1], 2.0 * values)


def test_inputs_keep_their_order_and_equal_constants_are_one() -> None:
    graph = GraphWriter()
    assert [graph.input(name, (1,)) for name in ("b", "a", "b")] == ["b", "a", "b"]
    assert graph.inputs == ("b", "a")
    assert graph.number(0.5) == graph.number(0.5)
    assert graph.sizes(1) != graph.number(1.0)
    assert graph.sizes(1, 2) != graph.constant(np.array([[1, 2]]))


def test_outputs_are_what_nodes_compute_not_copies_of_it() -> None:
    graph = GraphWriter()
    doubled = graph.node("Mul", graph.input("x", (2,)), graph.number(2.0))
    quadrupled = graph.node("Mul", doubled, graph.number(2.0))
    model = graph.model({"doubled": doubled, "quadrupled": quadrupled, "again": doubled, "x_too": "x"})
    nodes = onnx.load_from_string(model).graph.node
    copies = [node.output[0] for node in nodes if node.op_type == "Identity"]
    assert copies == ["again", "x_too"]  # a value has one name
    names = ["doubled", "quadrupled", "again", "x_too"]
    results = session(model, 1, "").run(names, {"x": np.array([1.0, 3.0], np.float32)})
    assert np.array_equal(results, [[2.0, 6.0], [4.0, 12.0], [2.0, 6.0], [1.0, 3.0]])
    # the writer itself is as before, and can write again
    assert graph.model({"other": quadrupled}) != model

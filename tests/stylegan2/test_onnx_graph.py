"""The writer of ONNX graphs: what it writes computes what was asked for."""

import numpy as np

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

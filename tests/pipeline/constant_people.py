"""A network that sees the same person in every picture, for tests without models."""

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pipeline.person import SIDE, PersonNetwork


def people_of(shown: NDArray[np.generic]) -> PersonNetwork:
    """shown: [256, 256], 0 to 1, what it says of every picture."""
    said = numpy_helper.from_array(np.asarray(shown, np.float32).reshape(1, SIDE, SIDE, 1))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, (1, SIDE, SIDE, 3))
    person = helper.make_tensor_value_info("person", TensorProto.FLOAT, (1, SIDE, SIDE, 1))
    graph = helper.make_graph(
        [helper.make_node("Constant", [], ["person"], value=said)], "constant", [picture], [person]
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    return PersonNetwork(model.SerializeToString())

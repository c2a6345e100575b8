"""The face mesh: the numbers of the reference implementation, and the same face however it is shown."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pipeline.align import ffhq_alignment
from pipeline.mesh import FaceMesh, Mesh
from pipeline.networks import Networks, load_mesh
from pipeline.views import Detection
from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from stylegan2.onnx import session
from tests.conftest import at_home
from tests.pipeline.reference_mesh import REFERENCE

FACE = Detection((219.0, 121.0), 91.0, 0.0, 1.0)
EYE_CORNERS = [33, 263]

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def face_mesh(networks: Networks) -> FaceMesh:
    if networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    return networks.mesh


@pytest.fixture(scope="module")
def upright(face_mesh: FaceMesh, portrait: Pixels) -> Mesh:
    return face_mesh.mesh(portrait, FACE)


def mean_error(points: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Mean distance of two meshes, in distances of the eyes' outer corners."""
    span = np.hypot(*np.diff(expected[EYE_CORNERS, :2], axis=0)[0])
    return float(np.hypot(*(points - expected)[:, :2].T).mean() / span)


@pytest.mark.parametrize(
    ("file", "square", "values"),
    [
        ("face_landmark.onnx", np.s_[28:220, 128:320], ("mesh", "logit")),
        ("iris_landmark.onnx", np.s_[83:147, 182:246], ("eye", "iris")),
    ],
)
def test_the_converted_networks_give_the_numbers_of_the_reference(
    file: str, square: tuple[slice, slice], values: tuple[str, str], real_home: Path, portrait: Pixels
) -> None:
    with at_home(real_home):
        network = session(zoo.path("mediapipe-face", file), 1, "")
    image = portrait[square][None].astype(np.float32) / np.float32(255)
    found = network.run(None, {network.get_inputs()[0].name: image})
    with np.load(REFERENCE) as reference:
        for name, value in zip(values, found, strict=True):
            assert np.abs(value.reshape(reference[name].shape) - reference[name]).max() < 1e-3


def test_the_mesh_lies_on_the_face(upright: Mesh) -> None:
    assert upright.points.shape == (468, 3)
    assert upright.score > 0.99
    forehead, chin, left, right = upright.points[[10, 152, 33, 263], :2]
    assert np.allclose(left, (191, 99), atol=4)
    assert np.allclose(right, (257, 104), atol=4)
    assert forehead[1] < left[1] < chin[1]
    # the nose is nearer than the ears
    assert upright.points[1, 2] < upright.points[[127, 356], 2].min()


def test_what_is_no_face_gets_a_low_score(face_mesh: FaceMesh, portrait: Pixels) -> None:
    assert face_mesh.mesh(portrait, Detection((80.0, 400.0), 91.0, 0.0, 1.0)).score < 0.5


@pytest.mark.parametrize("degrees", [25, 90, 180, -60])
def test_a_turned_face_gets_the_same_mesh(
    degrees: int, face_mesh: FaceMesh, upright: Mesh, portrait: Pixels
) -> None:
    matrix = np.asarray(cv2.getRotationMatrix2D((255.5, 255.5), -degrees, 1.0))
    picture = np.asarray(cv2.warpAffine(portrait, matrix, (512, 512), flags=cv2.INTER_CUBIC), np.uint8)
    x, y = matrix[:, :2] @ FACE.center + matrix[:, 2]
    found = face_mesh.mesh(picture, Detection((x, y), FACE.side, np.radians(degrees), 1.0))
    assert mean_error(found.points[:, :2], upright.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]) < 0.02


@pytest.mark.parametrize("factor", [0.5, 4.0, 12.0])
def test_the_size_of_a_face_does_not_matter(
    factor: float, face_mesh: FaceMesh, upright: Mesh, portrait: Pixels
) -> None:
    part = portrait[20:240, 110:330]
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    picture = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=how), np.uint8)
    x, y = (np.array(FACE.center) - (110, 20) + 0.5) * factor - 0.5
    found = face_mesh.mesh(picture, Detection((x, y), FACE.side * factor, 0.0, 1.0))
    expected = (upright.points - (110, 20, 0) + (0.5, 0.5, 0)) * factor - (0.5, 0.5, 0)
    assert mean_error(found.points, expected) < 0.02
    assert np.ptp(found.points[:, 2]) == pytest.approx(np.ptp(expected[:, 2]), rel=0.1)


def test_a_box_beside_the_face_leads_to_the_same_mesh(
    face_mesh: FaceMesh, upright: Mesh, portrait: Pixels
) -> None:
    for x, y, factor in ((12, 0, 1.0), (0, -15, 1.0), (0, 0, 0.8), (0, 0, 1.3), (-10, 10, 1.2)):
        center = (FACE.center[0] + x, FACE.center[1] + y)
        found = face_mesh.points(portrait, Detection(center, FACE.side * factor, 0.0, 1.0))
        assert mean_error(found, upright.points) < 0.02


def test_landmarks_lead_to_the_same_mesh(
    face_mesh: FaceMesh, networks: Networks, upright: Mesh, portrait: Pixels
) -> None:
    landmarks = networks.finder.landmarks(portrait, FACE)
    assert mean_error(face_mesh.points(portrait, landmarks), upright.points) < 0.01


def test_the_mesh_of_a_crop_is_that_of_the_photo(
    face_mesh: FaceMesh, networks: Networks, upright: Mesh, portrait: Pixels
) -> None:
    alignment = ffhq_alignment(networks.finder.landmarks(portrait, FACE), 256)
    found = face_mesh.points_in_crop(alignment.cut(portrait))
    assert mean_error(alignment.to_photo(found[:, :2]), upright.points[:, :2]) < 0.02


def test_depth_and_channels_do_not_move_the_mesh(
    face_mesh: FaceMesh, upright: Mesh, portrait: Pixels
) -> None:
    for picture in (portrait.astype(np.uint16) * 257, portrait.astype(np.float32) / 255.0):
        assert mean_error(face_mesh.points(picture, FACE), upright.points) < 0.001


def test_a_face_at_the_frame_gets_a_mesh(face_mesh: FaceMesh, upright: Mesh, portrait: Pixels) -> None:
    picture = np.ascontiguousarray(portrait[:, 200:])
    found = face_mesh.mesh(picture, Detection((FACE.center[0] - 200, FACE.center[1]), 91.0, 0.0, 1.0))
    assert found.score > 0.5
    assert mean_error(found.points[:, :2] + (200, 0), upright.points[:, :2]) < 0.12


def test_where_the_model_was_not_fetched_there_is_no_mesh() -> None:
    assert load_mesh() is None


@pytest.mark.parametrize(("logit", "score"), [(-5000.0, 0.0), (0.0, 0.5), (5000.0, 1.0)])
def test_the_score_is_a_share_whatever_the_network_says(logit: float, score: float) -> None:
    points = np.random.default_rng(3).uniform(40.0, 150.0, (1, 1404)).astype(np.float32)
    values = {"points": points, "logit": np.full((1, 1), logit, np.float32)}
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
        for name, value in values.items()
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, v.shape) for name, v in values.items()]
    view = helper.make_tensor_value_info("view", TensorProto.FLOAT, (1, 192, 192, 3))
    graph = helper.make_graph(nodes, "constant", [view], outputs)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])
    found = FaceMesh(model.SerializeToString()).mesh(np.zeros((200, 200, 3), np.uint8), FACE)
    assert found.score == pytest.approx(score)


def test_a_damaged_network_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "damaged.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelCorrupt, match="damaged"):
        FaceMesh(tmp_path / "damaged.onnx")

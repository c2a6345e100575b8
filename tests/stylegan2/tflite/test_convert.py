"""The converter to ONNX: each operator computes what TensorFlow's definition says."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt
from stylegan2.onnx import session
from stylegan2.tflite import graph as tflite
from stylegan2.tflite.convert import convert, to_onnx
from tests.stylegan2.tflite.small_tflite import Field, Network

ADD, CONV, DEPTHWISE, DEQUANTIZE, POOL, RESHAPE, PAD, PRELU = 0, 3, 4, 6, 17, 22, 34, 54
MEAN_POOL, LOGISTIC, MUL, RELU, RESIZE, HARD_SWISH = 1, 14, 18, 19, 23, 117
TRANSPOSED = "Convolution2DTransposeBias"
SAME, VALID = 0, 1
Image = NDArray[np.float32]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def normal(random: np.random.Generator, *shape: int) -> Image:
    return random.standard_normal(shape).astype(np.float32)


def computed(network: Network, output: int, image: Image) -> Image:
    """What the converted network gives."""
    network.outputs = [output]
    model = to_onnx(tflite.parse(network.write()))
    (result,) = session(model, 1, "").run(None, {"t0": image})
    return np.asarray(result)


def windows(image: Image, size: int, stride: int, padding: int, empty: float) -> tuple[Image, int, int]:
    """The windows [h, w, size, size, C] of an image [1, H, W, C], and h and w, as TensorFlow places them."""
    height, width = image.shape[1:3]
    if padding == SAME:
        rows, columns = -(-height // stride), -(-width // stride)
        more = [max(0, (n - 1) * stride + size - m) for n, m in ((rows, height), (columns, width))]
        widths = [(0, 0), *((m // 2, m - m // 2) for m in more), (0, 0)]
        image = np.pad(image, widths, constant_values=empty)
    else:
        rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    found = [
        [image[0, r * stride : r * stride + size, c * stride : c * stride + size] for c in range(columns)]
        for r in range(rows)
    ]
    return np.array(found), rows, columns


def test_sixteen_bit_weights_are_used_as_floats(random: np.random.Generator) -> None:
    network = Network()
    image = normal(random, 1, 4, 4, 2)
    source = network.input(*image.shape)
    slope = network.operator(DEQUANTIZE, [network.constant(np.array([[[0.5, 3.0]]], np.float16))], (1, 1, 2))
    result = computed(network, network.operator(PRELU, [source, slope], image.shape), image)
    assert np.allclose(result, np.where(image < 0, image * [0.5, 3.0], image), atol=1e-6)


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 2), (3, 1), (3, 2)])
@pytest.mark.parametrize("shape", [(1, 6, 8, 3), (1, 7, 5, 3)])
def test_a_convolution(
    shape: tuple[int, ...], size: int, stride: int, padding: int, random: np.random.Generator
) -> None:
    image, weight, bias = normal(random, *shape), normal(random, 4, size, size, 3), normal(random, 4)
    parts, rows, columns = windows(image, size, stride, padding, 0.0)
    network = Network()
    inputs = [network.input(*shape), network.constant(weight), network.constant(bias)]
    options: dict[int, Field] = {0: ("b", padding), 1: ("i", stride), 2: ("i", stride)}
    output = network.operator(CONV, inputs, (1, rows, columns, 4), options)
    expected = np.einsum("rcyxi,oyxi->rco", parts, weight) + bias
    assert np.allclose(computed(network, output, image)[0], expected, atol=1e-5)


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_of_each_channel(padding: int, stride: int, random: np.random.Generator) -> None:
    image, weight, bias = normal(random, 1, 6, 7, 3), normal(random, 1, 3, 3, 3), normal(random, 3)
    parts, rows, columns = windows(image, 3, stride, padding, 0.0)
    network = Network()
    inputs = [network.input(*image.shape), network.constant(weight), network.constant(bias)]
    options: dict[int, Field] = {0: ("b", padding), 1: ("i", stride), 2: ("i", stride), 3: ("i", 1)}
    output = network.operator(DEPTHWISE, inputs, (1, rows, columns, 3), options)
    expected = np.einsum("rcyxi,yxi->rci", parts, weight[0]) + bias
    assert np.allclose(computed(network, output, image)[0], expected, atol=1e-5)


@pytest.mark.parametrize("padding", [SAME, VALID])
def test_a_maximum_over_windows(padding: int, random: np.random.Generator) -> None:
    image = normal(random, 1, 7, 6, 2)
    parts, rows, columns = windows(image, 2, 2, padding, -np.inf)
    network = Network()
    options: dict[int, Field] = {0: ("b", padding), 1: ("i", 2), 2: ("i", 2), 3: ("i", 2), 4: ("i", 2)}
    output = network.operator(POOL, [network.input(*image.shape)], (1, rows, columns, 2), options)
    assert np.array_equal(computed(network, output, image)[0], parts.max((2, 3)))


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (5, 5)])
def test_a_mean_over_windows_that_leaves_out_what_is_padded(
    size: int, stride: int, padding: int, random: np.random.Generator
) -> None:
    image = normal(random, 1, 7, 6, 2)
    parts, rows, columns = windows(image, size, stride, padding, np.nan)
    network = Network()
    options: dict[int, Field] = {
        0: ("b", padding),
        **{field: ("i", value) for field, value in enumerate((stride, stride, size, size), 1)},
    }
    output = network.operator(MEAN_POOL, [network.input(*image.shape)], (1, rows, columns, 2), options)
    assert np.allclose(computed(network, output, image)[0], np.nanmean(parts, (2, 3)), atol=1e-6)


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize(("size", "stride"), [((2, 2), (2, 2)), ((3, 4), (2, 1)), ((5, 3), (3, 3))])
def test_a_transposed_convolution_with_bias(
    size: tuple[int, int], stride: tuple[int, int], padding: int, random: np.random.Generator
) -> None:
    image, weight, bias = normal(random, 1, 3, 4, 2), normal(random, 5, *size, 2), normal(random, 5)
    rows, columns = ((n - 1) * step + width for n, step, width in zip((3, 4), stride, size, strict=True))
    whole = np.zeros((rows, columns, 5), np.float32)
    for row, column in np.ndindex(3, 4):  # each pixel is a stamp of the weights
        y, x = row * stride[0], column * stride[1]
        whole[y : y + size[0], x : x + size[1]] += np.einsum("oyxi,i->yxo", weight, image[0, row, column])
    if padding == SAME:
        (y, x), rows, columns = (
            [(a - b) // 2 for a, b in zip(size, stride, strict=True)],
            3 * stride[0],
            4 * stride[1],
        )
        whole = whole[y : y + rows, x : x + columns]
    network = Network()
    inputs = [network.input(*image.shape), network.constant(weight), network.constant(bias)]
    options = struct.pack("<3i", padding + 1, stride[1], stride[0])
    output = network.operator(TRANSPOSED, inputs, (1, rows, columns, 5), options)
    assert np.allclose(computed(network, output, image)[0], whole + bias, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(8, 12), (5, 6), (2, 3)])
def test_a_picture_is_resized_from_the_centres_of_its_pixels(
    height: int, width: int, random: np.random.Generator
) -> None:
    image = normal(random, 1, 4, 6, 2)
    network = Network()
    inputs = [network.input(*image.shape), network.constant(np.array([height, width], np.int32))]
    options: dict[int, Field] = {2: ("b", 0), 3: ("b", 1)}
    output = network.operator(RESIZE, inputs, (1, height, width, 2), options)
    rows, columns = (
        np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
        for before, after in ((4, height), (6, width))
    )
    along = [np.maximum(0.0, 1.0 - np.abs(at[:, None] - np.arange(n))) for at, n in ((rows, 4), (columns, 6))]
    expected = np.einsum("yr,xc,rci->yxi", *along, image[0])
    assert np.allclose(computed(network, output, image)[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "formula"),
    [
        (RELU, lambda x: np.maximum(x, 0)),
        (LOGISTIC, lambda x: 1 / (1 + np.exp(-x))),
        (HARD_SWISH, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    ],
)
def test_an_activation(kind: int, formula: Callable[[Image], Image], random: np.random.Generator) -> None:
    image = 4 * normal(random, 1, 5, 6, 3)
    network = Network()
    output = network.operator(kind, [network.input(*image.shape)], image.shape)
    assert np.allclose(computed(network, output, image), formula(image), atol=1e-5)


def test_an_image_is_multiplied_with_another_and_with_a_factor_of_each_channel(
    random: np.random.Generator,
) -> None:
    image = normal(random, 1, 4, 4, 3)
    network = Network()
    source = network.input(*image.shape)
    square = network.operator(MUL, [source, source], image.shape)
    options: dict[int, Field] = {0: ("b", VALID), **dict.fromkeys(range(1, 5), ("i", 4))}
    mean = network.operator(MEAN_POOL, [source], (1, 1, 1, 3), options)
    output = network.operator(MUL, [square, mean], image.shape)
    assert np.allclose(computed(network, output, image), image**2 * image.mean((1, 2)), atol=1e-5)


def test_zeros_are_added_where_the_file_says(random: np.random.Generator) -> None:
    image = normal(random, 1, 2, 3, 4)
    widths = np.array([[0, 0], [1, 0], [0, 2], [0, 3]], np.int32)
    network = Network()
    inputs = [network.input(*image.shape), network.constant(widths)]
    output = network.operator(PAD, inputs, (1, 3, 5, 7))
    assert np.array_equal(computed(network, output, image), np.pad(image, widths))


def test_a_new_shape_keeps_tensorflow_s_order(random: np.random.Generator) -> None:
    image = normal(random, 1, 2, 3, 4)
    network = Network()
    inputs = [network.input(*image.shape), network.constant(np.array([1, 24], np.int32))]
    output = network.operator(RESHAPE, inputs, (1, 24))
    assert np.array_equal(computed(network, output, image), image.reshape(1, 24))


def test_two_images_are_added(random: np.random.Generator) -> None:
    image = normal(random, 1, 2, 3, 4)
    network = Network()
    source = network.input(*image.shape)
    assert np.array_equal(
        computed(network, network.operator(ADD, [source, source], image.shape), image), 2 * image
    )


def _add(network: Network, source: int) -> int:
    return network.operator(ADD, [source, network.constant(np.ones((4,), np.float32))], (1, 2, 3, 4))


def _activation(network: Network, source: int) -> int:
    return network.operator(ADD, [source, source], (1, 2, 3, 4), {0: ("b", 3)})


def _wrong_shape(network: Network, source: int) -> int:
    return network.operator(ADD, [source, source], (1, 2, 3, 5))


def _too_few(network: Network, source: int) -> int:
    return network.operator(ADD, [source], (1, 2, 3, 4))


def _stride(network: Network, source: int) -> int:
    constants = [network.constant(np.ones(shape, np.float32)) for shape in ((4, 1, 1, 4), (4,))]
    return network.operator(CONV, [source, *constants], (1, 2, 3, 4), {1: ("i", 0), 2: ("i", -1)})


def _channels(network: Network, source: int) -> int:
    constants = [network.constant(np.ones(shape, np.float32)) for shape in ((4, 1, 1, 3), (4,))]
    options: dict[int, Field] = {1: ("i", 1), 2: ("i", 1)}
    return network.operator(CONV, [source, *constants], (1, 2, 3, 4), options)


def _weights_of_the_input(network: Network, source: int) -> int:
    return network.operator(CONV, [source, source, source], (1, 2, 3, 4))


def _slope(network: Network, source: int) -> int:
    slope = network.constant(np.ones((2, 3, 4), np.float32))
    return network.operator(PRELU, [source, slope], (1, 2, 3, 4))


def _widths(network: Network, source: int) -> int:
    widths = network.constant(np.array([[0, 0], [0, 1 << 30], [0, 0], [0, 0]], np.int32))
    return network.operator(PAD, [source, widths], (1, 2, 3, 4))


def _factor(network: Network, source: int) -> int:
    return network.operator(MUL, [source, network.input(1, 2, 1, 4)], (1, 2, 3, 4))


def _corners(network: Network, source: int) -> int:
    size = network.constant(np.array([4, 6], np.int32))
    return network.operator(RESIZE, [source, size], (1, 4, 6, 4), {2: ("b", 1)})


def _size(network: Network, source: int) -> int:
    size = network.constant(np.array([1 << 20, 1 << 20], np.int32))
    return network.operator(RESIZE, [source, size], (1, 4, 6, 4), {3: ("b", 1)})


def _transposed(*options: int, channels: int = 4) -> Callable[[Network, int], int]:
    def spoil(network: Network, source: int) -> int:
        constants = [network.constant(np.ones(shape, np.float32)) for shape in ((1, 2, 2, channels), (1,))]
        packed = struct.pack(f"<{len(options)}i", *options)
        return network.operator(TRANSPOSED, [source, *constants], (1, 4, 6, 1), packed)

    return spoil


@pytest.mark.parametrize(
    "spoil",
    [
        _corners,
        _factor,
        _size,
        _transposed(1, 2),
        _transposed(3, 2, 2),
        _transposed(1, 0, 2),
        _transposed(1, 3, 2),  # a gap between the stamps
        _transposed(1, 2, 1 << 30),
        _transposed(1, 2, 2, channels=3),
        _activation,
        _add,
        _channels,
        _slope,
        _stride,
        _too_few,
        _weights_of_the_input,
        _widths,
        _wrong_shape,
    ],
)
def test_operators_that_do_not_fit_are_corrupt(spoil: Callable[[Network, int], int]) -> None:
    network = Network()
    network.outputs = [spoil(network, network.input(1, 2, 3, 4))]
    with pytest.raises(ModelCorrupt):
        to_onnx(tflite.parse(network.write()))


def test_every_file_of_a_folder_is_converted(tmp_path: Path) -> None:
    for name in ("one", "two"):
        network = Network()
        source = network.input(1, 2, 3, 4)
        network.outputs = [network.operator(ADD, [source, source], (1, 2, 3, 4))]
        (tmp_path / f"{name}.tflite").write_bytes(network.write())
    (tmp_path / "made").mkdir()
    convert(tmp_path, tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["one.onnx", "two.onnx"]
    image = np.ones((1, 2, 3, 4), np.float32)
    (result,) = session(tmp_path / "made" / "two.onnx", 1, "").run(None, {"t0": image})
    assert np.array_equal(result, 2 * image)

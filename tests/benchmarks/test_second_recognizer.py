"""``benchmarks.second_recognizer`` with the real network, where it was fetched."""

import numpy as np
import pytest

from benchmarks.second_recognizer import SecondRecognizer
from retouchml.errors import ModelMissing


@pytest.fixture(scope="module")
def recognizer() -> SecondRecognizer:
    try:
        return SecondRecognizer()
    except ModelMissing:
        pytest.skip("the second recogniser was not fetched: python -m benchmarks.second_recognizer")


def test_features_are_those_of_tensorflow_js(recognizer: SecondRecognizer) -> None:
    # Computed once with @tensorflow/tfjs 4 in Node.js.
    count = np.arange(224 * 224 * 3, dtype=np.int64)
    values = ((count * 7919 % 256) - 128).astype(np.float32).reshape(1, 224, 224, 3)
    features = recognizer.features(values)
    assert features.shape == (1024,)
    np.testing.assert_allclose(features[:8], [0.0] * 7 + [0.00807], atol=5e-6)


def test_a_face_is_like_itself_when_it_is_enlarged_and_unlike_noise(recognizer: SecondRecognizer) -> None:
    random = np.random.default_rng(1)
    picture = random.random((200, 200, 3)).astype(np.float32)
    picture[:] = picture.mean((0, 1)) + (picture - 0.5) * 0.1
    corners = np.array([[20.0, 20.0], [180.0, 180.0]])
    first = recognizer.describe(picture, corners)
    again = recognizer.describe(np.repeat(np.repeat(picture, 2, 0), 2, 1), corners * 2.0 + 0.5)
    assert float(first @ again) > 0.97
    assert float(first @ recognizer.describe(random.random((200, 200, 3)).astype(np.float32), corners)) < 0.97

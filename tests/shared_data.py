"""Data beside the checkout, which is kept out of the repository for its terms or its size.

What needs it is skipped where it is not there.
"""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


def shared_file(name: str) -> Path:
    """The path of a file or folder of the shared data. Skips the test where it is not there."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path


def yunet_file() -> Path:
    """YuNet's file, as the zoo would fetch it. Skips the test where it is not there."""
    return shared_file("yunet/yunet_s_640_640.onnx")

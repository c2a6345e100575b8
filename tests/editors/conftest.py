"""Tests in real editors run only where ``python3 install test --editors`` has set these up."""

import os
from pathlib import Path

import pytest

MARK = "RETOUCHML_TEST_EDITORS"
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs an editor."""
    if os.environ.get(MARK):
        return
    skip = pytest.mark.skip(reason="needs real editors: `python3 install test --editors` as root on Debian")
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(skip)

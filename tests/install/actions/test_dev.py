"""``test`` as people run it, in a checkout in small."""

from pathlib import Path

import pytest

from tests.install.small_checkout import Ready

pytest.importorskip("fcntl", reason="folders of POSIX")
pytestmark = pytest.mark.processes


def test_test_adds_its_tools_and_hands_arguments_and_the_exit_code_through(
    ready: Ready, tmp_path: Path
) -> None:
    checkout = ready.copy(tmp_path)
    result = checkout.run("test", "-k", "a or b", "-x", "tests/one.py", "--maxfail=2")
    assert result.returncode == 5, result.stderr
    assert checkout.calls() == [
        "retouchml models fetch --default labels",
        "pytest -k a or b -x tests/one.py --maxfail=2",
    ]
    assert result.stdout.splitlines()[-1] == "1 passed"
    assert checkout.stamp()["dev"] is True

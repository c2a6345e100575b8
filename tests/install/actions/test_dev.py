"""``test`` as people run it, in a checkout in small."""

from pathlib import Path

import pytest

from tests.install import small_checkout
from tests.install.small_checkout import Ready, SmallCheckout

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


def test_the_newest_versions_are_tried_and_the_next_set_up_goes_back(ready: Ready, tmp_path: Path) -> None:
    checkout = ready.copy(tmp_path)
    newer = tmp_path / "newer"
    newer.mkdir()
    for name in ("torch", "parts", "tools", "pyjpegxl"):
        small_checkout.write_wheel(newer, name, "9.0")
    links = f"{newer} {checkout.environment['PIP_FIND_LINKS']}"
    result = checkout.run("test", "--newest", PIP_FIND_LINKS=links)
    assert result.returncode == 5, result.stdout + result.stderr
    assert checkout.calls()[-1] == "pytest"
    assert installed(checkout) == {"torch": "9.0", "parts": "9.0", "tools": "9.0", "pyjpegxl": "9.0"}

    # what is newest changes from day to day
    assert checkout.run("test", "--newest", PIP_FIND_LINKS=links).stdout.count("newest packages") == 1

    result = checkout.run("dev", PIP_FIND_LINKS=links)
    assert (result.returncode, result.stderr) == (0, "")
    listed = {"torch": "2.13.0+cpu", "parts": "1.0", "tools": "1.0", "pyjpegxl": "1.0"}
    assert installed(checkout) == listed


def installed(checkout: SmallCheckout) -> dict[str, str]:
    folders = checkout.venv.glob("lib/*/site-packages/*.dist-info")
    versions = dict(folder.name.removesuffix(".dist-info").split("-", 1) for folder in folders)
    return {name: versions[name] for name in ("torch", "parts", "tools", "pyjpegxl")}

"""``lock`` as developers run it, with a uv that only notes what it is asked, in a checkout in small."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.small_checkout import Ready, SmallCheckout
from tests.marks import marks_tests

pytest.importorskip("fcntl", reason="folders of POSIX")
pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
@marks_tests("processes")
def copy(ready: Ready, tmp_path_factory: pytest.TempPathFactory) -> SmallCheckout:
    """One that was set up for work already, so that a test waits for uv alone."""
    checkout = ready.copy(tmp_path_factory.mktemp("lock"))
    assert checkout.run("dev").returncode == 0
    return checkout


@pytest.fixture
def checkout(copy: SmallCheckout) -> Iterator[SmallCheckout]:
    """The same, whose lists are those of before after each test."""
    before = lists(copy)
    yield copy
    copy.calls()
    for name in lists(copy).keys() | before.keys():
        path = copy.top / "install/requirements" / f"{name}.txt"
        path.write_text(before[name]) if name in before else path.unlink()


def lists(checkout: SmallCheckout) -> dict[str, str]:
    return {path.stem: path.read_text() for path in (checkout.top / "install/requirements").glob("*.txt")}


def compilations(checkout: SmallCheckout) -> dict[str, list[str]]:
    """What uv was asked for each list, by its name."""
    calls = [call.split("\t") for call in checkout.calls() if "--output-file" in call]
    return {Path(call[call.index("--output-file") + 1]).stem: call for call in calls}


def test_every_list_is_made_anew_from_one_solution_and_says_so(checkout: SmallCheckout) -> None:
    result = checkout.run("lock")
    assert (result.returncode, result.stderr) == (0, "")
    made = lists(checkout)
    calls = compilations(checkout)
    assert made.keys() == calls.keys() - {"solution"}
    assert {"packages", "torch", "dev", "heif", "jpegxl", "editors", "tensorflow1"} < made.keys()
    for text in made.values():
        assert "python3 install lock" in text.splitlines()[1]
        assert str(checkout.top) not in text
    for name, call in calls.items():
        assert {"--universal", "--generate-hashes", "--fork-strategy"} <= set(call)
        apart = name.startswith(("editors", "pip", "uv", "tensorflow1", "torch-", "solution"))
        assert ("--constraint" in call) is not apart
    # torch is in a list of its own, letter by letter; what another list has is left out
    assert made["torch"].splitlines()[2].startswith("torch===9.0")
    assert "--no-emit-package torch" in " ".join(calls["packages"])
    assert "--no-emit-package x-packages" in " ".join(calls["torch"])
    assert not (checkout.venv / "lock").exists()
    of_pytorch = {"torch-cpu": "cpu", "torch-cuda-windows": "cu130"}
    for name, index in of_pytorch.items():
        asked = calls[name]
        assert asked[asked.index("--default-index") + 1] == f"https://download.pytorch.org/whl/{index}"
        assert made[name].splitlines()[2].startswith("torch===")
    assert not any("--default-index" in call for name, call in calls.items() if name not in of_pytorch)


@pytest.mark.parametrize("name", ["torch-cpu", "torch-cuda-windows"])
@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("UNREACHED_AT", "PyTorch's own index could not be reached: Connection refused (os error 111)."),
        ("NO_HASH_AT", "PyTorch's own index states 0 hashes for {}.txt."),
    ],
)
def test_a_list_of_pytorchs_own_index_stays_where_that_is_out_of_reach_or_states_too_few_hashes(
    checkout: SmallCheckout, name: str, trouble: str, reason: str
) -> None:
    before = lists(checkout)
    result = checkout.run("lock", **{trouble: name})
    assert (result.returncode, result.stderr) == (0, "")
    assert f"{reason.format(name)} {name}.txt stays as it was." in result.stdout
    after = lists(checkout)
    assert after[name] == before[name]
    assert after["torch"] != before["torch"]


def test_a_new_version_of_torch_needs_its_hashes(checkout: SmallCheckout) -> None:
    listed = checkout.top / "install/requirements/torch-cpu.txt"
    listed.write_text(listed.read_text().replace("torch===2.13.0+cpu", "torch===2.12.0+cpu"))
    before = lists(checkout)
    result = checkout.run("lock", UNREACHED_AT="torch-cpu")
    assert result.returncode == 1
    assert result.stderr.startswith("PyTorch's own index could not be reached: Connection refused")
    assert lists(checkout) == before


def test_torch_for_the_cpu_without_a_solution_is_an_error_and_not_the_network(
    checkout: SmallCheckout,
) -> None:
    before = lists(checkout)
    result = checkout.run("lock", FAIL_AT="torch-cpu")
    assert result.returncode == 1
    assert result.stderr.startswith("No versions for torch-cpu.txt fit each other.")
    assert lists(checkout) == before


def test_a_list_that_cannot_be_made_leaves_all_as_they_were(checkout: SmallCheckout) -> None:
    before = lists(checkout)
    result = checkout.run("lock", FAIL_AT="editors")
    assert result.returncode == 1
    assert result.stderr.startswith("No versions for editors.txt fit each other.")
    assert len(result.stderr.splitlines()) == 1
    assert lists(checkout) == before


def test_what_has_no_wheel_on_a_system_is_named(checkout: SmallCheckout) -> None:
    result = checkout.run("lock", LACK="aarch64-manylinux_2_28")
    assert result.returncode == 0, result.stderr
    assert "new==1.0 has no wheel for Linux on ARM with Python 3.11, 3.12, 3.13, 3.14." in result.stdout
    assert "has no wheel for Windows" not in result.stdout


def test_uv_is_told_of_pips_index_and_never_fetches_a_python(checkout: SmallCheckout) -> None:
    result = checkout.run("lock", PIP_INDEX_URL="http://127.0.0.1:9/simple/", PIP_CERT="/a/certificate")
    assert result.returncode == 0, result.stderr
    seen = [call for call in checkout.calls() if call.startswith("with ")]
    assert set(seen) == {"with http://127.0.0.1:9/simple/ /a/certificate never"}
    assert all("127.0.0.1" not in text for text in lists(checkout).values())

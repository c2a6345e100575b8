"""The engine's own ``retouchml setup``: it goes on outside of the environment that it renews or removes."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.install import small_checkout
from tests.install.packaging import small_light
from tests.install.packaging.small_light import SmallLight

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="replaces this process")]

_PATIENCE = 120.0


def _typed(small: SmallLight, *arguments: str, folder: "Path | None" = None) -> "subprocess.Popen[str]":
    """The engine's own command, as somebody types it."""
    return subprocess.Popen(
        [str(small.engine / "bin" / "retouchml"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(small.light.home), **small.changes},
        cwd=folder or small.light.work,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _run(small: SmallLight, *arguments: str, folder: "Path | None" = None) -> "tuple[int, str, str]":
    with _typed(small, *arguments, folder=folder) as process:
        said, complained = process.communicate(timeout=300)
    # the tiny engine has no daemon that could be asked to stop
    lines = [
        line for line in complained.splitlines() if not line.startswith("The daemon could not be stopped")
    ]
    return process.returncode, said, "\n".join(lines)


def _forget_the_maker(small: SmallLight) -> None:
    """Uninstall what set the engine up, and let no index have the engine's wheel any more."""
    shutil.rmtree(small.light.packages / "retouchml")
    next(small.packages.glob("retouchml_engine-*.whl")).unlink()


def _spoil(small: SmallLight) -> "Callable[[], bool]":
    """Damage the engine; a function that tells whether the environment was made anew since."""
    site = next(small.engine.glob("lib/python*/site-packages"))
    shutil.rmtree(site / "pipeline")
    (site / "old").touch()
    return lambda: (site / "pipeline" / "__init__.py").is_file() and not (site / "old").exists()


def _works(small: SmallLight) -> bool:
    code, _said, complained = _run(small, "models", "fetch")
    return (code, complained) == (0, "")


def test_it_repairs_the_environment_from_which_it_was_typed(ready: SmallLight) -> None:
    before = ready.record()
    is_anew = _spoil(ready)
    # nor does it need the folder in which it was typed
    code, said, complained = _run(ready, "setup", "--repair", folder=ready.engine / "bin")
    assert (code, complained) == (0, ""), said
    assert is_anew()
    assert "a copy of this one" not in said
    assert ready.record() == before
    assert _works(ready)


def test_it_repairs_when_the_set_up_that_made_it_is_gone(ready: SmallLight) -> None:
    _forget_the_maker(ready)
    for _ in range(2):
        is_anew = _spoil(ready)
        code, _said, complained = _run(ready, "setup", "--repair")
        assert (code, complained) == (0, "")
        assert is_anew()
        (copy,) = (ready.data / "setup").iterdir()
        assert Path(ready.record()["setup"]).is_relative_to(copy)
        assert copy.stat().st_mode & 0o077 == 0
    assert _works(ready)


def test_a_maker_that_others_may_change_is_not_run(ready: SmallLight) -> None:
    main = ready.files / "install" / "__main__.py"
    main.chmod(0o666)
    main.write_text("raise SystemExit('somebody else is here')")
    is_anew = _spoil(ready)
    code, said, complained = _run(ready, "setup", "--repair")
    assert (code, complained) == (0, "")
    assert "a copy of this one" in said
    assert is_anew()


def test_killed_in_a_repair_its_copy_makes_it_whole(ready: SmallLight) -> None:
    _forget_the_maker(ready)
    stamp = ready.engine / "retouchml-install.json"
    process = _typed(ready, "setup", "--repair")
    assert process.stdout is not None
    copy = process.stdout.readline().strip().rpartition(": ")[2]
    end = time.monotonic() + _PATIENCE
    while stamp.is_file():  # until the old environment goes
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, 9)
    process.communicate()
    assert not (ready.data / "install.json").exists()
    again = subprocess.run(
        [sys.executable, f"{copy}/install", "engine"],
        env={"PATH": os.environ["PATH"], "HOME": str(ready.light.home), **ready.changes},
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert _works(ready)


def test_its_copy_goes_when_another_set_up_can_make_the_engine_anew(
    ready: SmallLight, built: tuple[Path, Path]
) -> None:
    kept = ready.light.packages / "kept"
    shutil.copytree(ready.light.packages / "retouchml", kept)
    _forget_the_maker(ready)
    assert _run(ready, "setup")[0] == 0
    assert (ready.data / "setup").is_dir()
    kept.rename(ready.light.packages / "retouchml")
    assert ready.run("setup").returncode == 0
    assert not (ready.data / "setup").exists()
    assert ready.record()["setup"] == str(ready.files)


def test_another_device_and_an_update_from_within(ready: SmallLight) -> None:
    look = ready.light.packages / "retouchml" / "look.py"
    look.write_text(look.read_text() + "# newer\n")
    code, _said, complained = _run(ready, "setup", "--device", "cpu")
    assert (code, complained) == (0, "")
    stamp = json.loads((ready.engine / "retouchml-install.json").read_text())
    assert (stamp["device"], stamp["busy"]) == ("cpu", False)
    (site,) = ready.engine.glob("lib/python*/site-packages")
    assert (site / "retouchml" / "look.py").read_text().endswith("# newer\n")


@pytest.mark.parametrize("maker", ["there", "gone"])
def test_it_removes_everything_itself_among_it(ready: SmallLight, maker: str) -> None:
    if maker == "gone":
        _forget_the_maker(ready)
    (ready.data / "python").mkdir()  # as uv brings one
    code, said, complained = _run(ready, "setup", "--remove", "--yes")
    assert (code, complained) == (0, ""), said
    assert f"the Python that was fetched for the engine: {ready.data / 'python'}" in said
    assert not ready.data.exists()


def test_where_the_system_lets_nobody_delete_what_runs_it_names_the_command(ready: SmallLight) -> None:
    (site,) = ready.engine.glob("lib/python*/site-packages")
    judge = site / "retouchml" / "setup" / "files" / "install" / "own_interpreter.py"
    judge.write_text(judge.read_text().replace('os.name != "nt"', "False"))  # as Windows
    before = ready.record()
    is_anew = _spoil(ready)
    code, _said, complained = _run(ready, "setup", "--repair")
    assert code == 1
    assert "which Windows does not allow. Run this in place of it: " in complained
    assert (site / "old").exists()
    assert ready.record() == before
    command = shlex.split(complained.strip().rpartition("Run this in place of it: ")[2])
    environment = {"PATH": os.environ["PATH"], "HOME": str(ready.light.home), **ready.changes}
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert is_anew()


def test_an_engine_wheel_in_the_package_makes_no_other_engine(ready: SmallLight) -> None:
    """A zip has one there, and the engine's own package has none: both are the same version."""
    wheels = ready.files / "wheels"
    wheels.mkdir(exist_ok=True)
    shutil.copy(next(ready.packages.glob("retouchml_engine-*.whl")), wheels)
    outcome = ready.run("setup")
    assert outcome.returncode == 0
    assert "the engine and its packages" not in outcome.stdout


def test_the_engines_wheel_is_kept_for_a_repair_and_only_the_right_one(ready: SmallLight) -> None:
    wheel = next(ready.packages.glob("retouchml_engine-*.whl"))
    kept = ready.engine / "retouchml-engine" / wheel.name
    assert kept.read_bytes() == wheel.read_bytes()
    wheel.unlink()
    assert ready.run("setup", "--repair").returncode == 0
    assert kept.is_file()
    kept.write_bytes(b"damaged")
    small_checkout.write_wheel(ready.packages, "retouchml_engine", "0.2.0", small_light.ENGINE)
    assert ready.run("setup", "--repair").returncode == 0
    assert kept.read_bytes() == wheel.read_bytes()

"""The installer's parts, one by one, inside this process."""

import ast
import errno
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retouchml import paths
from stylegan2 import zoo
from tests.install.modules import FOLDER, Load

# ---- which Python


def test_only_the_standard_library_is_imported() -> None:
    """Nothing else is there before the first set-up."""
    ours = ("install", "retouchml.system", "tests.editors.setup")
    files = list(FOLDER.rglob("*.py"))
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            else:
                continue
            for name in names:
                is_ours = any(name == package or name.startswith(f"{package}.") for package in ours)
                assert is_ours or name.partition(".")[0] in sys.stdlib_module_names, f"{file}: {name}"


def test_python_3_6_can_read_the_first_file() -> None:
    ast.parse((FOLDER / "__main__.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_told_which_one_is_needed(
    version: tuple[int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "python3.12").touch(mode=0o755)
    (tmp_path / "python3.9").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["install", "demo"])
    main = runpy.run_path(str(FOLDER / "__main__.py"))["main"]
    monkeypatch.setattr(sys, "version_info", version)
    assert main() == 1
    complaint = capsys.readouterr().err
    assert "Python 3.11 or newer" in complaint
    assert ".".join(map(str, version)) in complaint
    assert complaint.endswith("python3.12 install demo\n")


def test_the_oldest_python_is_the_one_that_the_project_asks_for() -> None:
    import tomllib

    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]
    oldest = runpy.run_path(str(FOLDER / "__main__.py"))["OLDEST"]
    assert project["requires-python"] == ">=" + ".".join(map(str, oldest))


# ---- the command line


def run_installer(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, str(FOLDER), *arguments], capture_output=True, text=True)


def test_help_names_everything_that_can_be_installed() -> None:
    answer = run_installer("--help")
    assert answer.returncode == 0
    for what in ("demo", "test", "dev", "tensorflow1", "uninstall"):
        assert what in answer.stdout


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("demo", "--nonsense"), ("uninstall", "checkout")])
def test_a_request_that_makes_no_sense_is_bad_usage(arguments: tuple[str, ...]) -> None:
    answer = run_installer(*arguments)
    assert answer.returncode == 2
    assert answer.stderr.startswith("usage: python3 install")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (OSError(errno.EROFS, "Read-only file system", "/checkout/.venv"), "/checkout/.venv: Read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "/checkout/.venv"), "Make it writable"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error."),
        (ZeroDivisionError("a bug"), "should not have happened"),
    ],
)
def test_whatever_happens_is_one_sentence(
    load: Load,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    words: str,
) -> None:
    command = load("install.cli")

    def fail(*_arguments: object) -> int:
        raise error

    monkeypatch.setattr(command, "LOG", tmp_path / "log")
    monkeypatch.setitem(command.WHATS, "demo", command.What("fails", fail, lambda _parser: None))
    monkeypatch.setattr(command.signal, "signal", lambda *_arguments: None)
    assert command.main(["demo"]) == 1
    complaint = capsys.readouterr().err
    assert words in complaint
    assert len(complaint.splitlines()) == 1
    if isinstance(error, ZeroDivisionError):
        assert "ZeroDivisionError" in (tmp_path / "log").read_text()


# ---- torch


def fake_driver(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gets torch's ordinary build")
def test_a_driver_that_is_new_enough_gets_the_build_with_cuda(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_build = load("install.environment.torch_build")
    fake_driver(tmp_path, monkeypatch, "printf '580.65.06\\n580.65.06\\n'")
    choice = torch_build.choose(None, "linux")
    assert choice.wish == "cuda"
    # never a build marked "+cpu", as long as there is another
    assert choice.builds[0].arguments == (f"torch==={torch_build.TORCH}",)
    assert choice.note == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gets torch's ordinary build")
def test_an_older_driver_gets_the_cpu_and_is_told_why(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_build = load("install.environment.torch_build")
    fake_driver(tmp_path, monkeypatch, "echo 535.104.05")
    choice = torch_build.choose(None, "linux")
    assert choice.wish == "cpu"
    assert "535.104.5" in choice.note
    assert "580" in choice.note


@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found", "echo", "echo [N/A]"])
def test_a_driver_that_does_not_work_counts_as_none(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    torch_build = load("install.environment.torch_build")
    fake_driver(tmp_path, monkeypatch, script)
    assert torch_build.nvidia_driver() is None
    choice = torch_build.choose(None, "linux")
    assert (choice.wish, choice.note) == ("cpu", "")


def test_without_a_driver_a_cpu_build_is_tried_before_the_large_one_whose_size_is_said(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch_build = load("install.environment.torch_build")
    monkeypatch.setattr(torch_build, "nvidia_driver", lambda: None)
    small, large = torch_build.choose(None, "linux").builds
    assert small.arguments == (f"torch=={torch_build.TORCH}+cpu",)
    assert "GB" in large.title
    assert large.room > small.room


def test_an_index_for_torch_is_used_for_torch_alone(load: Load) -> None:
    torch_build = load("install.environment.torch_build")
    (build,) = torch_build.choose("https://user:secret@index.example/simple", "linux").builds
    assert build.arguments[:3] == ("--index-url", "https://user:secret@index.example/simple", "--no-deps")
    assert "secret" not in build.title


def test_what_is_installed_serves_unless_cuda_became_possible(load: Load) -> None:
    torch_build = load("install.environment.torch_build")
    cpu, cuda, index = (torch_build.Choice(wish, ()) for wish in ("cpu", "cuda", "index"))
    assert cpu.is_met_by(cpu.mark)
    assert cpu.is_met_by(cuda.mark)
    assert cpu.is_met_by(index.mark)
    assert cuda.is_met_by(index.mark)
    assert not cuda.is_met_by(cpu.mark)
    assert not cpu.is_met_by("1.0 cpu")
    assert not cpu.is_met_by("")


def test_the_torch_that_is_installed_is_one_that_the_project_accepts(load: Load) -> None:
    import tomllib

    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())["project"]
    (requirement,) = (line for line in project["dependencies"] if line.startswith("torch"))
    oldest = requirement.removeprefix("torch>=").split(".")
    assert list(map(int, load("install.environment.torch_build").TORCH.split("."))) >= list(map(int, oldest))


# ---- pip


@pytest.mark.parametrize(
    ("output", "words", "harmless", "missing"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "full",
            False,
            False,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.1, 2.2)\n"
            "ERROR: No matching distribution found for torch==2.13.0+cpu",
            "no torch==2.13.0+cpu for this Python",
            True,
            True,
        ),
        (
            "ERROR: Cannot install torch==2.13.0+cpu because these package versions have conflicting "
            "dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.example",
            "pip's constraints",
            True,
            True,
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(': Failed to establish a new "
            "connection: [Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)\n"
            "ERROR: No matching distribution found for torch",
            "no network",
            True,
            False,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)\n"
            "ERROR: No matching distribution found for torch",
            "did not answer, or has no torch",
            True,
            True,
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "checksum",
            True,
            False,
        ),
        ("Connection refused", "did not answer", True, False),
        ("Caused by SSLError(SSLCertVerificationError", "certificate", True, False),
        ("ERROR: HTTP error 403 while getting https://index.example/x", "refused", True, False),
        (
            "x\nERROR: odd, at https://user:secret@index.example/.\nmore",
            "pip failed: ERROR: odd, at https://index.example/.",
            False,
            False,
        ),
        ("", "pip failed: nothing.", False, False),
    ],
)
def test_what_pip_says_becomes_a_sentence(
    load: Load, output: str, words: str, harmless: bool, missing: bool
) -> None:
    problem = load("install.environment.pip_install").explain(load("install.processes").Outcome(1, output))
    assert words in problem.message
    assert (problem.harmless, problem.missing) == (harmless, missing)
    assert "retouchml-install.log" in problem.advice
    assert "\n" not in problem.explain()


def test_settings_that_would_lead_pip_elsewhere_are_kept_from_it(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_install, child = load("install.environment.pip_install"), load("install.processes")
    seen: dict[str, str] = {}

    def run(_command: object, _tick: object, environment: dict[str, str]) -> Any:
        seen.update(environment)
        return child.Outcome(0, "")

    monkeypatch.setattr(pip_install, "VENV", tmp_path)
    monkeypatch.setattr(child, "run", run)
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    pip_install.install(["torch"], lambda: None)
    assert not {"PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"} & seen.keys()
    assert seen["PIP_USER"] == "0"
    assert seen["PIP_INDEX_URL"] == "https://mirror.example/simple"
    assert Path(seen["TMPDIR"]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_children_report_nothing_to_the_maker_of_onnx_runtime(load: Load) -> None:
    assert load("install.processes").environment()["ORT_DISABLE_TELEMETRY"] == "1"


# ---- the virtual environment


def test_a_python_without_venv_is_told_what_to_install(
    load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    virtual_environment, problem = load("install.environment.virtual_environment"), load("install.problem")
    monkeypatch.setattr(virtual_environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(problem.Problem) as caught:
        virtual_environment._make(load("install.console").Console())
    assert "apt install python3." in caught.value.advice
    assert "-venv" in caught.value.advice


def test_a_disk_that_is_too_full_is_noticed_beforehand(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    virtual_environment, problem = load("install.environment.virtual_environment"), load("install.problem")
    monkeypatch.setattr(virtual_environment, "VENV", tmp_path)
    with pytest.raises(problem.Problem, match=r"1000000\.0 GB are needed"):
        virtual_environment._check_room(10**15)
    virtual_environment._check_room(1)


@pytest.mark.parametrize(
    ("change", "fits"),
    [({}, True), ({"busy": True}, False), ({"checkout": "/elsewhere"}, False), ({"python": "3.8"}, False)],
)
def test_an_environment_fits_only_this_checkout_and_this_python(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], fits: bool
) -> None:
    stamp = load("install.environment.stamp")
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "stamp.json")
    assert stamp.read() is None
    stamp.write(stamp.Stamp.fresh())
    content = json.loads((tmp_path / "stamp.json").read_text())
    (tmp_path / "stamp.json").write_text(json.dumps(content | change))
    assert stamp.read().fits() is fits


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"checkout": "x", "future": 1}'])
def test_a_stamp_that_cannot_be_understood_counts_as_none(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    stamp = load("install.environment.stamp")
    monkeypatch.setattr(stamp, "STAMP", tmp_path / "stamp.json")
    (tmp_path / "stamp.json").write_text(content)
    assert stamp.read() is None


def test_new_requirements_and_new_packages_change_the_projects_digest(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = load("install.environment.stamp")
    monkeypatch.setattr(stamp, "TOP", tmp_path)
    (tmp_path / "pyproject.toml").write_text("one")
    digests = [stamp.project_digest()]
    (tmp_path / "pipeline").mkdir()
    digests.append(stamp.project_digest())
    assert digests[0] == digests[1]
    (tmp_path / "pipeline" / "__init__.py").touch()
    digests.append(stamp.project_digest())
    (tmp_path / "pyproject.toml").write_text("two")
    digests.append(stamp.project_digest())
    assert len(set(digests)) == 3


def test_the_stamp_does_not_hold_an_indexs_password(load: Load) -> None:
    stamp = load("install.environment.stamp")
    assert "secret" not in stamp.index_digest("https://user:secret@index.example")
    assert stamp.index_digest("https://a.example") != stamp.index_digest("https://b.example")
    assert stamp.index_digest(None) == ""


# ---- folders


@pytest.mark.parametrize(
    "environment",
    [
        {"RETOUCHML_HOME": "/srv/retouchml"},
        {"RETOUCHML_HOME": "~/retouchml"},
        {"XDG_CONFIG_HOME": "/x/config", "XDG_DATA_HOME": "/x/data", "XDG_CACHE_HOME": "/x/cache"},
        {"XDG_DATA_HOME": ""},
        {},
    ],
)
def test_without_an_environment_the_same_folders_are_found_as_retouchml_uses(
    load: Load, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name in ("RETOUCHML_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folders = load("install.data_folders").customary()
    ours = (folders.config, folders.data, folders.cache, folders.models)
    assert ours == (paths.config_dir(), paths.data_dir(), paths.cache_dir(), paths.models_dir())


def test_where_settings_lie_beside_the_models_uninstall_takes_their_file_alone(
    load: Load, tmp_path: Path
) -> None:
    uninstall, data_folders = load("install.actions.uninstall"), load("install.data_folders")
    for platform in ("win32", "darwin"):
        folders = data_folders._by_custom(platform, tmp_path)
        assert uninstall._settings(folders) == [folders.data / "config.toml"]
        assert folders.models not in uninstall._settings(folders)[0].parents
    apart = data_folders.Folders(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    assert uninstall._settings(apart) == [apart.config]


def test_what_a_python_prints_is_read_as_it_was_meant_whatever_the_systems_encoding(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    assert (
        load("install.processes").run([sys.executable, "-c", "print('größer')"], log=False).last_line
        == "größer"
    )


def test_a_folder_around_the_checkout_is_never_removed(load: Load, tmp_path: Path) -> None:
    uninstall, problem = load("install.actions.uninstall"), load("install.problem")
    for path in (FOLDER.parent, FOLDER.parent.parent, Path("/"), Path.home()):
        with pytest.raises(problem.Problem, match="is not removed"):
            uninstall._check(path)
    uninstall._check(tmp_path / "models")


# ---- models


def test_the_models_that_retouching_needs_are_fetched_and_for_tests_the_labels_too(load: Load) -> None:
    fetch_models = load("install.environment.fetch_models")
    assert tuple(fetch_models.wanted(for_tests=False)) == zoo.defaults()
    assert set(fetch_models.wanted(for_tests=True)) == {*zoo.defaults(), "age-gender"}

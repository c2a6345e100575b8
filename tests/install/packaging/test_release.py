"""What a release publishes: versions that agree, a Debian package, descriptions, models for a web server."""

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from install.console import Console
from install.errors import InstallError
from install.packaging import conversion, debian, model_files, release, texts, versions, wheels
from retouchml import __version__
from retouchml.system.file_names import hosted_place
from tests.marks import marks_tests

TOP = Path(__file__).parents[3]
_WHEELS = Path("usr/lib/python3/dist-packages/retouchml/setup/files/wheels")
needs_dpkg = pytest.mark.skipif(not debian.can_build(), reason="needs dpkg-deb")


def test_every_place_says_the_same_version() -> None:
    assert versions.agreed()[0] == __version__


def test_a_place_that_was_forgotten_is_named(tmp_path: Path) -> None:
    for place in (*versions._PROJECTS, "retouchml/__init__.py", "CHANGELOG.md"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(TOP / place, tmp_path / place)
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace(f"[{__version__}]", "[9.9.9]", 1))
    with pytest.raises(InstallError, match=r"differ: .*CHANGELOG\.md 9\.9\.9"):
        versions.agreed(tmp_path)
    changelog.write_text(f"# Changes\n\n## [{__version__}] \u2013 2026-12-01\n")
    assert versions.agreed(tmp_path) == (__version__, "2026-12-01")


@pytest.fixture(scope="module")
@marks_tests("processes")
def package(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Debian package; tests leave it as it is."""
    return debian.build(*built, __version__, tmp_path_factory.mktemp("deb"))


def _unpacked(package: Path, folder: Path) -> Path:
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder


@needs_dpkg
def test_the_debian_package_says_what_it_needs(package: Path) -> None:
    said = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(": ", 1) for line in said.splitlines() if not line.startswith(" "))
    assert (fields["Package"], fields["Version"], fields["Architecture"]) == ("retouchml", __version__, "all")
    assert fields["Depends"] == "python3 (>= 3.10), python3-msgpack, python3-platformdirs, python3-zmq"
    assert package.stat().st_size < 13e6


@needs_dpkg
def test_the_debian_package_has_the_same_bytes_again(
    package: Path, built: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "again").mkdir()
    assert debian.build(*built, __version__, tmp_path / "again").read_bytes() == package.read_bytes()


@needs_dpkg
def test_the_debian_package_brings_the_command_and_the_engine(
    package: Path, built: tuple[Path, Path], tmp_path: Path
) -> None:
    root = _unpacked(package, tmp_path / "root")
    assert (root / _WHEELS / built[1].name).read_bytes() == built[1].read_bytes()
    assert not list(root.rglob("__pycache__"))
    packages = root / "usr/lib/python3/dist-packages"
    outcome = subprocess.run(
        [sys.executable, "-S", str(root / "usr/bin/retouchml"), "--version"],
        env={"PYTHONPATH": f"{packages}:{sysconfig.get_path('purelib')}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.stdout, outcome.stderr) == (f"retouchml {__version__}\n", "")
    listed = subprocess.run(
        ["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True
    ).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder's models: one that was converted, one as it came, one that nobody needs."""
    models = tmp_path / "models"
    rows = []
    for name, key in (("made", "converted"), ("came", "files"), ("extra", "files")):
        (models / name).mkdir(parents=True)
        (models / name / "net.onnx").write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        rows.append(
            f'[[model]]\nname = "{name}"\ntitle = "{name}"\nlicence = "L"\nsource = "S"\nrevision = 3\n'
            f"default = {str(name != 'extra').lower()}\n"
            + ('files = [{ name = "net.onnx" }]\n' if key == "converted" else "")
            + f'[[model.{key}]]\nname = "net.onnx"\nsha256 = "{digest}"\nsize = {len(name)}\n'
        )
    table = tmp_path / "zoo.toml"
    table.write_text("\n".join(rows))
    monkeypatch.setattr(model_files, "ZOO", table)
    return models


def test_the_folder_of_models_has_each_file_under_its_hash(zoo: Path, tmp_path: Path) -> None:
    target = tmp_path / "served"
    assert model_files.write((zoo,), target) == 8
    place = hosted_place("made", "net.onnx", hashlib.sha256(b"made").hexdigest())
    assert (target / place).read_bytes() == b"made"
    index = json.loads((target / "index.json").read_text())["models"]
    assert sorted(index) == ["came", "made"]
    assert (index["made"]["licence"], index["made"]["revision"]) == ("L", 3)
    for model in index.values():
        for file in model["files"]:
            content = (target / file["path"]).read_bytes()
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["size"])
    sums = (target / "SHA256SUMS").read_text().splitlines()
    assert len(sums) == 2
    for line in sums:
        digest, place = line.split("  ")
        assert hashlib.sha256((target / place).read_bytes()).hexdigest() == digest
    # a file that was damaged since is written anew
    (target / index["made"]["files"][0]["path"]).write_bytes(b"mode")
    model_files.write((zoo,), target)
    assert (target / index["made"]["files"][0]["path"]).read_bytes() == b"made"


def test_a_model_that_is_missing_or_another_ends_it(zoo: Path, tmp_path: Path) -> None:
    (zoo / "made" / "net.onnx").write_bytes(b"else")
    with pytest.raises(InstallError, match="the table of models says"):
        model_files.write((zoo,), tmp_path / "served")
    (zoo / "made" / "net.onnx").unlink()
    with pytest.raises(InstallError, match="The model made is not here"):
        model_files.write((zoo,), tmp_path / "served")
    assert not (tmp_path / "served" / "index.json").exists()


class Converting:
    """A stand-in for the Python that fetches models: it writes ``content`` as the one that is converted."""

    def __init__(self, folder: Path, content: str) -> None:
        self.python = folder / "python"
        self.python.write_text(
            f'#!/bin/sh\necho "$*" > {folder}/asked\n'
            'test -z "$RETOUCHML_MODELS_URL" || exit 1\n'
            'test -n "$RETOUCHML_HOME" && mkdir -p "$RETOUCHML_HOME/data/models/made" || exit 1\n'
            f'printf {content} > "$RETOUCHML_HOME/data/models/made/net.onnx"\n'
        )
        self.python.chmod(0o755)
        self.asked = folder / "asked"


@pytest.mark.skipif(sys.platform == "win32", reason="its Python is a script of the shell")
@pytest.mark.parametrize("content", ["made", "rounded"])
def test_a_release_has_what_is_converted_anew_and_no_other_bytes_than_the_table_says(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    table = tmp_path / "zoo.toml"
    table.write_text(table.read_text().replace('name = "made"', 'name = "made"\nconverter = "mobile"', 1))
    monkeypatch.setattr(conversion, "ZOO", table)
    monkeypatch.setenv("RETOUCHML_MODELS_URL", "https://models.example")
    (zoo / "made" / "net.onnx").write_bytes(b"left by an older version")
    converting = Converting(tmp_path, content)
    served = tmp_path / "served"
    if content == "made":
        release._write_models(served, zoo, converting.python, Console())
        place = hosted_place("made", "net.onnx", hashlib.sha256(b"made").hexdigest())
        assert (served / place).read_bytes() == b"made"
        assert json.loads((served / "index.json").read_text())["models"].keys() == {"made", "came"}
    else:
        with pytest.raises(InstallError, match=r"made/net\.onnx has the SHA-256 .* the table of models says"):
            release._write_models(served, zoo, converting.python, Console())
        assert not (served / "index.json").exists()
    assert converting.asked.read_text().split()[-2:] == ["--quiet", "made"]


@pytest.mark.skipif(sys.platform == "win32", reason="false is a program of Unix")
def test_a_conversion_that_fails_ends_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "converted.toml"
    table.write_text('[[model]]\nname = "made"\ndefault = true\nconverter = "mobile"\n')
    monkeypatch.setattr(conversion, "ZOO", table)
    with pytest.raises(InstallError, match="The models made could not be converted anew"):
        conversion.convert(tmp_path, Path("/bin/false"))


def test_what_clients_ask_for_is_where_the_release_puts_it(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stylegan2.zoo import hosted, http
    from stylegan2.zoo.table import Model, ModelFile

    file = ModelFile("net.onnx", hashlib.sha256(b"made").hexdigest(), 4)
    asked: list[str] = []

    def stop(model: Model, _report: object) -> Path:
        asked.append(model.url)
        raise InterruptedError

    model_files.write((zoo,), tmp_path / "served")
    row = Model("made", "", "faces", "", "", "", 4, "", "", (), (ModelFile("net.onnx"),), converted=(file,))
    monkeypatch.setattr(http, "download", stop)
    with pytest.raises(InterruptedError):
        hosted.download(row, "http://h/m", tmp_path, lambda _: None)
    assert (tmp_path / "served" / asked[0].removeprefix("http://h/m/")).is_file()


def test_a_whole_release_is_summed_up(
    built: tuple[Path, Path], zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "release"

    def copies(target: Path, *_: object) -> tuple[Path, Path]:
        light, engine = (Path(shutil.copy(wheel, target)) for wheel in built)
        return light, engine

    monkeypatch.setattr(wheels, "build", copies)
    made = release.build(folder, Path(sys.executable), "https://x.example", zoo, {}, Console())
    assert made.version == __version__
    names = {path.name for path in made.files}
    assert {"Containerfile", "retouchml.nsi", "retouchml.rb", "retouchml.winget.yaml"} <= names
    assert (f"retouchml_{__version__}_all.deb" in names) == debian.can_build()
    assert {f"retouchml-{editor}-{__version__}.zip" for editor in ("gimp", "krita")} <= names
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made.files}
    formula = (folder / "retouchml.rb").read_text()
    assert sums[built[0].name] in formula
    assert sums[built[1].name] in formula
    assert "@" not in formula.replace("python@3", "").replace("https://", "")
    assert (folder / "models" / "index.json").is_file()
    # again, over the former one
    release.build(folder, Path(sys.executable), "https://x.example", None, {}, Console())
    assert (folder / "models" / "index.json").is_file()


def test_a_release_that_broke_off_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(folder: Path, *_: object) -> tuple[Path, Path]:
        (folder / "half.whl").touch()
        raise InstallError("broke off")

    monkeypatch.setattr(wheels, "build", build)
    for _ in range(2):
        with pytest.raises(InstallError, match="broke off"):
            release.build(tmp_path, Path(sys.executable), "", None, {}, Console())
    assert (tmp_path / "SHA256SUMS").read_text() == ""


def test_a_folder_of_somebody_else_s_is_not_cleared(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    with pytest.raises(InstallError, match="no folder of a release"):
        release.build(tmp_path, Path(sys.executable), "", None, {}, Console())
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_wheel_with_something_else_in_it_is_no_release(built: tuple[Path, Path]) -> None:
    light, engine = built
    with pytest.raises(InstallError, match="holds"):
        release.check(engine, light, __version__)
    with pytest.raises(InstallError, match="holds"):
        release.check(light, engine, "9.9.9")


def test_a_zip_with_another_engine_is_no_release(built: tuple[Path, Path], tmp_path: Path) -> None:
    archive = tmp_path / "plug-in.zip"
    for content in (built[1].read_bytes(), b"another"):
        with zipfile.ZipFile(archive, "w") as written:
            written.writestr(f"folder/{built[1].name}", content)
        if content == b"another":
            with pytest.raises(InstallError, match="has not the engine"):
                release.check_zip(archive, built[1])
        else:
            release.check_zip(archive, built[1])


def test_an_unknown_field_of_a_template_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.txt").write_text("@NOBODY@ said so")
    monkeypatch.setattr(texts, "TEMPLATES", tmp_path)
    with pytest.raises(InstallError, match="NOBODY"):
        texts.write(tmp_path, ["x.txt"], {"VERSION": "1"})

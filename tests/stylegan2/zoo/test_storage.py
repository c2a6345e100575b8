"""The folders of models: what is complete, intact, removed."""

import itertools
import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from retouchml.errors import ModelCorrupt, ModelMissing
from stylegan2 import zoo
from stylegan2.zoo import storage


def put_model(name: str, content: bytes = b"weights") -> Path:
    """Lay a model into its folder as a fetch would, with made-up content."""
    folder = zoo.folder(name)
    folder.mkdir(parents=True)
    for file in zoo.find(name).files:
        (folder / file.name).write_bytes(content + file.name.encode())
    storage.write_record(folder, zoo.find(name))
    return folder


def test_a_model_that_was_not_fetched_is_missing_and_the_advice_says_how_to_get_it() -> None:
    assert not zoo.is_installed("age-gender")
    with pytest.raises(ModelMissing) as caught:
        zoo.path("age-gender", "age-v1.onnx")
    assert "retouchml models fetch age-gender" in caught.value.advice
    with pytest.raises(ModelMissing):
        zoo.verify("age-gender")


def test_an_installed_model_gives_the_paths_of_its_files(tmp_path: Path) -> None:
    put_model("age-gender")
    assert zoo.is_installed("age-gender")
    zoo.verify("age-gender")
    expected = tmp_path / "home" / "data" / "models" / "age-gender" / "age-v1.onnx"
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


def test_leftovers_go_although_the_child_of_a_killed_run_still_writes_into_them() -> None:
    models_dir = put_model("age-gender").parent
    leftover = models_dir / f"{storage.leftover_prefix('age-gender')}12345678"
    (leftover / "tmp").mkdir(parents=True)
    for number in range(500):
        (leftover / "tmp" / str(number)).touch()
    has_written, ended = threading.Event(), threading.Event()

    def write() -> None:
        with suppress(FileNotFoundError):
            for number in itertools.count():
                (leftover / f"{number}.part").touch()
                has_written.set()
                time.sleep(0.0005)
        ended.set()

    threading.Thread(target=write, daemon=True).start()
    assert has_written.wait(60)
    storage.clear_leftovers(models_dir, "age-gender")
    assert ended.wait(60)
    assert [each.name for each in models_dir.iterdir()] == ["age-gender"]

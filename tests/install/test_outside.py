"""The copy of a set-up that goes on outside of the environment."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from install import outside
from install.environment import engine_wheel


def test_of_two_set_ups_that_make_the_same_copy_at_once_both_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, copytree, others = tmp_path / "source", shutil.copytree, []
    (source / "retouchml").mkdir(parents=True)
    (source / "retouchml" / "file.py").write_text("")
    monkeypatch.setattr(outside, "SOURCE", source)
    monkeypatch.setattr(outside, "TOP", source / "retouchml")
    monkeypatch.setattr(outside, "SET_UP_COPIES", tmp_path / "copies")
    monkeypatch.setattr(engine_wheel, "project_digest", lambda: "of these files")

    def while_another_is_quicker(*arguments: Any, **more: Any) -> Any:
        made = copytree(*arguments, **more)
        if not others:
            others.append(None)  # it makes one in between
            others[0] = outside._copy()
        return made

    monkeypatch.setattr(shutil, "copytree", while_another_is_quicker)
    copy = outside._copy()
    assert [copy] == others
    assert (copy / "file.py").is_file()
    assert [each.name for each in (tmp_path / "copies").iterdir()] == [copy.parent.name]

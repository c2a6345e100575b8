"""What is written for people: finished, and about files that exist."""

import re
from pathlib import Path

import pytest

_TOP = Path(__file__).parents[1]
_DOCUMENTS = [_TOP / "README.md", *sorted((_TOP / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.name)
def test_nothing_is_left_to_be_filled_in(document: Path) -> None:
    assert not re.findall(r"@@\w*@@|\bTODO\b|\bTBD\b", document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []

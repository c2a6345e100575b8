"""The names of results."""

from pathlib import PurePath

import pytest

from retouchml.cli.batch.naming import check_template, formats, result_name
from retouchml.errors import UsageError


@pytest.mark.parametrize(
    ("source", "template", "format_name", "expected"),
    [
        ("a/b.JPG", None, None, "a/b.JPG"),
        ("a/b.heic", None, None, "a/b.png"),
        ("b.jpg", None, "png", "b.png"),
        ("b.JPEG", None, "jpeg", "b.JPEG"),
        ("b.png", None, "jpeg", "b.jpg"),
        ("b.png", None, "tiff", "b.tif"),
        ("b.png", None, "webp", "b.webp"),
        ("a/b.jpg", "{stem}-retouched{suffix}", None, "a/b-retouched.jpg"),
        ("a/b.jpg", "{folder}_{stem}", "png", "a/a_b.png"),
        ("x{stem}.jpg", "new-{stem}{suffix}", None, "new-x{stem}.jpg"),
    ],
)
def test_a_result_is_named_after_its_picture(
    source: str, template: "str | None", format_name: "str | None", expected: str
) -> None:
    assert result_name(PurePath(source), template, format_name).as_posix() == expected


@pytest.mark.parametrize(
    "template",
    [
        "",
        "all{suffix}",
        "{stem",
        "{stem}{number}",
        "{stem!r}",
        "{stem:>9}",
        "{0}{stem}",
        "{}{stem}",
        "{stem.x}",
    ],
)
def test_a_wrong_pattern_is_refused_with_what_it_may_have(template: str) -> None:
    with pytest.raises(UsageError, match="is no pattern for names") as caught:
        check_template(template)
    assert "{folder}" in caught.value.advice


@pytest.mark.parametrize("template", ["../{stem}", "a/{stem}", "a\\{stem}"])
def test_a_pattern_leads_into_no_other_folder(template: str) -> None:
    with pytest.raises(UsageError, match="must not contain folders"):
        check_template(template)


def test_the_formats_are_those_that_are_written() -> None:
    assert formats() == ("png", "tiff", "jpeg", "webp")

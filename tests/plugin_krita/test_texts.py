"""The docker's texts: none stands in two lists."""

import re

from plugin_krita import texts
from retouchml import sentences
from retouchml.progress import STAGES
from retouchml.sliders import GROUPS, SLIDERS
from tests.plugin_gimp.test_texts import texts as of_gimp


def own() -> dict[str, str]:
    """The texts that the docker alone shows, by name."""
    return {name: text for name, text in vars(texts).items() if name.isupper() and isinstance(text, str)}


def plain(text: str) -> str:
    return text.replace("_", "").rstrip(".").lower()


def test_what_both_editors_show_stands_in_the_list_that_they_share() -> None:
    allowed = {"retouchml", "cancel", "close", "settings…"}  # a name; and GTK's buttons have letters as keys
    shared = {plain(text) for text in of_gimp()} - allowed
    assert [name for name, text in own().items() if plain(text) in shared] == []


def test_a_command_is_named_with_the_place_where_it_is_typed() -> None:
    for text in own().values():
        if "`" in text:
            assert re.search(r"terminal|folder", text), text


def test_the_shared_list_holds_no_text_twice() -> None:
    titles = [row.title for row in (*SLIDERS, *GROUPS)] + [row.title for row in STAGES]
    words = [plain(text) for text in (*sentences.ALL, *titles)]
    assert sorted({word for word in words if words.count(word) > 1}) == []

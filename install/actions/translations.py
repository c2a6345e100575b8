"""``translations``: brings the catalogues of all languages up to date with the texts in the code."""

import argparse

from install.actions.base import Action
from install.checkout import TOP
from install.console import Console
from install.translations import po
from install.translations.texts import collect
from retouchml.system.files import write_atomically

FOLDER = TOP / "retouchml/locale"


class Translations(Action):
    """Collects the texts, adds the new ones to each ``.po`` file, drops those that are gone, compiles."""

    summary = "bring the translations up to date, for developers"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare nothing."""

    def run(self, arguments: argparse.Namespace, console: Console) -> int:  # noqa: ARG002
        """Write the catalogues; says what each language lacks."""
        texts = collect(TOP)
        FOLDER.mkdir(exist_ok=True)
        for language in po.PLURALS:
            path = FOLDER / f"{language}.po"
            former = po.parse(path.read_text(encoding="utf-8")) if path.exists() else {}
            entries = po.merged(language, texts, former)
            write_atomically(path, po.as_text(language, entries).encode())
            write_atomically(FOLDER / f"{language}.mo", po.compiled(language, entries))
            missing = sum(not all(entry.translations) for entry in entries)
            console.say(f"{language}: {len(entries)} texts, {missing} without a translation")
        return 0

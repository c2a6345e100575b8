"""A model that is not on the machine, and a web server of the test's that has it."""

import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from retouchml.system.file_names import SETTINGS, hosted_place
from stylegan2 import zoo
from tests.shared_data import yunet_file

NAME = "yunet"  # the smallest one that retouching can do without


def _link(source: str, target: str) -> None:
    """Let a file have another name, or a copy where that is on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def missing_model(home: Path) -> Iterator[Path]:
    """Take the model from a RETOUCHML_HOME whose models are a link, and let it be fetched from a server.

    The block gets the folder in which it comes; afterwards the home is as it was. Skips the test where the
    model's file is not there.
    """
    file = yunet_file()
    models, served, kept = home / "data" / "models", home / "served", home / "config" / SETTINGS
    before = kept.read_text() if kept.exists() else ""
    real = models.resolve()
    models.unlink()
    models.mkdir()
    for folder in real.iterdir():
        if folder.is_dir() and folder.name != NAME:
            # GIMP lives in a folder that has the home alone
            shutil.copytree(folder, models / folder.name, copy_function=_link)
    (hosted,) = zoo.find(NAME).hosted
    place = served / hosted_place(NAME, hosted.name, hosted.sha256 or "")
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(file)
    handler = partial(_Handler, directory=str(served))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(f'{before}\n[models]\nurl = "http://127.0.0.1:{server.server_port}"\n')
        try:
            yield models / NAME
        finally:
            server.shutdown()
            kept.write_text(before)
            shutil.rmtree(models)
            models.symlink_to(real)

"""Fetches a model's files, converted already, from an address of the user's or of a release.

Any web server can serve the folder that a release writes. What is fetched is compared with
the hashes of the table alone, so that nobody has to trust the server.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from retouchml import paths, settings
from retouchml.errors import UsageError
from retouchml.system.file_names import SETTINGS, hosted_place
from stylegan2.zoo import http
from stylegan2.zoo.table import Model

VARIABLE = "RETOUCHML_MODELS_URL"


def address() -> str:
    """Where models are looked for first: the variable's address, or the setting's; "" for nowhere.

    Raises UsageError for a variable that is no web address.
    """
    named = os.environ.get(VARIABLE, "")
    if named and not settings.is_web_address(named):
        raise UsageError(
            f"RETOUCHML_MODELS_URL is {named!r}, which is no web address.",
            "It begins with https:// or http://.",
        )
    return (named or settings.load(paths.config_dir() / SETTINGS)[0].models_url).rstrip("/")


def download(model: Model, base: str, target: Path, report: Callable[[float], None]) -> None:
    """Bring the model's files from ``base`` into the folder ``target``; an interrupted download goes on.

    report: called with the fraction done; may raise. Raises DownloadError, ModelCorrupt or DiskFullError.
    """
    total = sum(file.size or 0 for file in model.hosted)
    done = 0
    for file in model.hosted:
        size = file.size or 0
        as_download = replace(
            model,
            name=f"{model.name}.{file.name}",
            archive=file.name,
            url=f"{base}/{quote(hosted_place(model.name, file.name, file.sha256 or ''))}",
            sha256=file.sha256 or "",
            size=size,
        )

        def part(fraction: float, begin: int = done, size: int = size) -> None:
            report((begin + fraction * size) / total)

        fetched = http.download(as_download, part)
        http.check_hash(fetched, as_download, paths.models_dir())
        fetched.replace(target / file.name)
        http.forget_download(as_download)
        done += size

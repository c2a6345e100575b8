"""Fetches the models that retouching needs, with the installed RetouchML."""

import tomllib

from install import processes
from install.checkout import PYTHON, ZOO
from install.console import Console
from install.errors import InstallError
from retouchml.system import setup_reports


def fetch_models(console: Console, *, for_tests: bool = False) -> None:
    """Fetch the models that retouching needs, and for tests those that label pictures, too.

    What is here and undamaged is not fetched again, and then no network is needed. One that retouching can do
    without may be out of reach: the command says so. Raises InstallError.
    """
    names = model_names(for_tests=for_tests)
    labels = [name for name in names if name not in model_names(for_tests=False)]
    with console.step("models: " + ", ".join(names), silent=False):
        command = ["-m", "retouchml", "models", "fetch", "--default", *labels]
        # it reports the bytes itself, on its standard output
        code = processes.foreground([PYTHON, *command], silent=not setup_reports.are_wanted())
        if code != 0:
            raise InstallError("The models could not be fetched.", "The next run goes on.", max(code, 1))


def models_size() -> int:
    """Bytes that are fetched for the models that retouching needs; one archive may be that of several."""
    with ZOO.open("rb") as table:
        models = tomllib.load(table)["model"]
    archives = {
        model.get("archive", model["name"]): model.get("size", 0) for model in models if model.get("default")
    }
    return sum(archives.values())


def model_names(*, for_tests: bool) -> list[str]:
    """Names of the models to fetch, from the zoo's table."""
    with ZOO.open("rb") as table:
        models = tomllib.load(table)["model"]
    return [
        model["name"] for model in models if model.get("default") or (for_tests and model["kind"] == "labels")
    ]

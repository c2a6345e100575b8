"""A light installation in small: the real set-up and command line, a tiny engine, and packages for pip."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.install import small_checkout
from tests.install.packaging import light_environment
from tests.install.packaging.light_environment import LightEnvironment

ENGINE = {
    "daemon/__init__.py": "",
    "daemon/options.py": "def add_arguments(parser): pass\ndef add_run_arguments(parser): pass\n",
    "daemon/pidfile.py": "def running_pid(folder): return None\n",
    "pipeline/__init__.py": "",
    "stylegan2/__init__.py": "",
    "stylegan2/zoo/__init__.py": """
import hashlib, json, os, pathlib, sys, types

FOLDER = pathlib.Path(os.environ["RETOUCHML_HOME"], "data", "models", "net")

def defaults():
    return ["net"]

def find(name):
    return types.SimpleNamespace(needs=(), without="", name=name, size=5_000_000, sha256="")

def folder(name):
    return FOLDER

def fetch(name, source=None, archives=None, progress=None, cancel=None):
    if FOLDER.exists():
        return
    if "PIP_NO_MODELS" in os.environ:
        sys.exit("no network here")
    if progress is not None:
        progress("downloading", 0.5, None)
    FOLDER.mkdir(parents=True)
    (FOLDER / "net.bin").write_text("weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (FOLDER / "zoo.json").write_text(json.dumps({"files": [{"name": "net.bin", "sha256": digest}]}))
""",
}


@dataclass(frozen=True)
class SmallLight:
    """The light environment, pip's packages, and the variables with which it runs."""

    light: LightEnvironment
    packages: Path
    changes: dict[str, str]

    @property
    def data(self) -> Path:
        """The user's data folder."""
        return Path(self.changes["RETOUCHML_HOME"], "data")

    @property
    def engine(self) -> Path:
        """The engine's environment."""
        return self.data / "engine"

    @property
    def files(self) -> Path:
        """The set-up's files in the light package."""
        return self.light.packages / "retouchml" / "setup" / "files"

    def record(self) -> dict[str, str]:
        """By what editors and the command line find the engine."""
        content: dict[str, str] = json.loads((self.data / "install.json").read_text())
        return content

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run ``retouchml``."""
        return self.light.run("-m", "retouchml", *arguments, **{**self.changes, **changes})

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start ``retouchml`` in a process group of its own."""
        return subprocess.Popen(
            [str(self.light.python), "-m", "retouchml", *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.light.home), **self.changes},
            cwd=self.light.work,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def offer_engine(self, content: "dict[str, str] | None" = None) -> None:
        """Put the engine's wheel among the packages."""
        small_checkout.write_wheel(self.packages, "retouchml_engine", "0.2.0", content or ENGINE)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its children at once, as a power cut would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def make(folder: Path, light_wheel: Path) -> SmallLight:
    """Make one below ``folder``."""
    light = light_environment.make(folder, light_wheel)
    for name in ("pipeline.py", "stylegan2.py"):
        (light.work / name).unlink()
    shutil.rmtree(light.work / "daemon")
    packages = folder / "packages"
    packages.mkdir()
    made = SmallLight(
        light,
        packages,
        {**pip_settings(packages), "RETOUCHML_HOME": str(folder / "r")},
    )
    shrink(made.files, packages)
    return made


def shrink(files: Path, packages: Path) -> None:
    """Let the set-up whose files these are install a tiny engine, all of which goes into ``packages``."""
    for wheel in (files / "wheels").glob("*.whl"):  # a zip has the real one there
        wheel.unlink()
    small_checkout.write_wheel(packages, "retouchml_engine", "0.2.0", ENGINE)
    engine = next(packages.glob("retouchml_engine-*.whl"))
    record = {"wheel": engine.name, "sha256": hashlib.sha256(engine.read_bytes()).hexdigest()}
    (files / "engine.json").write_text(json.dumps(record))
    (files / "stylegan2" / "zoo" / "zoo.toml").write_text(
        '[[model]]\nname = "net"\nkind = "generator"\ndefault = true\nsize = 5000000\n'
    )
    small_checkout.write_wheel(packages, "torch", "2.13.0+cpu")
    small_checkout.write_requirements(files / "install" / "requirements", packages)


def pip_settings(packages: Path) -> dict[str, str]:
    """Variables by which pip takes all from a folder, and nothing from the network."""
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": packages.as_uri(),
        "PIP_NO_CACHE_DIR": "1",
    }

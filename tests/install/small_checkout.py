"""A checkout in small: the real installer, and a RetouchML that only notes what it is asked to do."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

_MODULES = (
    "cv2",
    "dlib",
    "msgpack",
    "numpy",
    "onnxruntime",
    "PIL",
    "platformdirs",
    "psutil",
    "safetensors",
    "tifffile",
    "zmq",
)

_FILES = {
    "pyproject.toml": """
[build-system]
requires = []
build-backend = "small_backend"
backend-path = ["."]

[project.optional-dependencies]
heif = ["pillow-heif"]
jpegxl = ["pyjpegxl"]
""",
    "small_backend.py": """
import pathlib, zipfile

REQUIRES = (
    "Requires-Dist: parts",
    "Requires-Dist: torch",
    "Provides-Extra: dev",
    "Requires-Dist: tools; extra == 'dev'",
)

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "retouchml-0.1.0-py3-none-any.whl"
    info = "retouchml-0.1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("retouchml.pth", str(pathlib.Path.cwd()) + "\\n")
        about = ("Metadata-Version: 2.1", "Name: retouchml", "Version: 0.1.0", *REQUIRES)
        wheel.writestr(info + "/METADATA", "\\n".join(about) + "\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
""",
    "stylegan2/__init__.py": "",
    "stylegan2/zoo/zoo.toml": """
[[model]]
name = "net"
kind = "generator"
default = true

[[model]]
name = "labels"
kind = "labels"

[[model]]
name = "huge"
kind = "generator"
""",
    "retouchml/__init__.py": "__version__ = '0.1.0'\n",
    "retouchml/paths.py": """
import os, pathlib

def _folder(kind):
    return lambda: pathlib.Path(os.environ["RETOUCHML_HOME"], kind)

config_dir, data_dir, cache_dir = map(_folder, ("config", "data", "cache"))
""",
    "retouchml/__main__.py": """
import os, pathlib, sys, time

def note(*words):
    with open(os.environ["CALLS"], "a") as calls:
        print("retouchml", *words, file=calls)

note(*[word for word in sys.argv[1:] if os.sep not in word])
if os.environ.get("HANG_AT") == sys.argv[1]:
    try:
        time.sleep(1000)
    except KeyboardInterrupt:
        note("cleaned up")
        sys.exit(130)
if "-o" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text("retouched")
if os.environ.get("FAIL_AT") == sys.argv[1]:
    sys.exit("retouchml: it did not work.")
""",
    "pipeline/portrait/astronaut.png": "a portrait",
}

_PYTEST = """
import os, sys

with open(os.environ["CALLS"], "a") as calls:
    print("pytest", *sys.argv[1:], file=calls)
print("1 passed")
sys.exit(5)
"""

# notes what it is asked, and writes the file that it is to write
_UV = """
import os, pathlib, sys

settings = ("UV_DEFAULT_INDEX", "SSL_CERT_FILE", "UV_PYTHON_DOWNLOADS")
with open(os.environ["CALLS"], "a") as calls:
    print("uv", *sys.argv[1:], sep="\\t", file=calls)
    print("with", *(os.environ.get(name, "-") for name in settings), file=calls)
if "--output-file" in sys.argv:
    target = pathlib.Path(sys.argv[sys.argv.index("--output-file") + 1])
    if target.stem == os.environ.get("FAIL_AT"):
        sys.exit("error: No solution found")
    if target.stem == os.environ.get("UNREACHED_AT"):
        reasons = ("error: Request failed after 3 retries in 12.1s", "cause: Failed to fetch: http://x/",
            "cause: error sending request for url (http://x/)", "cause: Connection refused (os error 111)")
        sys.exit("\\n  ".join(reasons))
    name = "torch" if target.stem.startswith(("torch", "solution")) else "x-" + target.stem
    hashes = "" if target.stem == os.environ.get("NO_HASH_AT") else " --hash=sha256:00"
    target.write_text(name + "==9.0" + hashes + "\\n")
elif os.environ.get("LACK", "-") in sys.argv:
    sys.exit("Because new==1.0 has no wheels with a matching platform tag")
"""

_CONTENTS = {
    "parts": {f"{module}.py": "" for module in _MODULES},
    "tools": {"pytest.py": _PYTEST, "uv.py": _UV},
}


@dataclass(frozen=True)
class SmallCheckout:
    """Where the checkout lies, and the environment in which its installer runs."""

    top: Path
    environment: dict[str, str]

    @property
    def venv(self) -> Path:
        return self.top / ".venv"

    @property
    def home(self) -> Path:
        return Path(self.environment["RETOUCHML_HOME"])

    def stamp(self) -> dict[str, object]:
        content: dict[str, object] = json.loads((self.venv / "retouchml-install.json").read_text())
        return content

    def log(self) -> str:
        return (self.venv / "retouchml-install.log").read_text()

    def calls(self) -> list[str]:
        """What RetouchML and pytest were asked to do since the last time."""
        file = Path(self.environment["CALLS"])
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def run(self, *arguments: str, stdin: str = "", **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run the installer to its end, from another folder."""
        return subprocess.run(
            self._command(arguments),
            env=self.environment | changes,
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.top.parent,
            timeout=300,  # two cores that others use, too
        )

    def start(self, *arguments: str, **changes: str) -> "subprocess.Popen[str]":
        """Start the installer, with Ctrl-C's signal as a terminal would have it."""
        return subprocess.Popen(
            self._command(arguments),
            env=self.environment | changes,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.top.parent,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, str(self.top / "install"), *arguments]


@dataclass(frozen=True)
class Ready:
    """A checkout in which ``demo`` was run once, and what came of it; tests leave it as it is."""

    checkout: SmallCheckout
    first: "subprocess.CompletedProcess[str]"
    calls: list[str]

    def copy(self, folder: Path) -> SmallCheckout:
        """The same, moved to another place."""
        top = folder / "moved here"
        shutil.copytree(self.checkout.top, top, symlinks=True)
        changes = {"RETOUCHML_HOME": str(folder / "home"), "CALLS": str(folder / "calls")}
        return SmallCheckout(top, self.checkout.environment | changes)


def make(folder: Path, name: str = "a checkout, é [x]") -> SmallCheckout:
    """Write a checkout and a folder of packages for pip below ``folder``."""
    top = folder / name
    for path, content in _FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(content)
    for package in ("install", "retouchml/system"):
        shutil.copytree(REPOSITORY / package, top / package, ignore=shutil.ignore_patterns("__pycache__"))
    packages = folder / "packages"
    packages.mkdir()
    write_wheel(packages, "torch", "2.13.0+cpu")
    write_requirements(top / "install" / "requirements", packages)
    excluded = ("PIP_", "UV_", "RETOUCHML")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(excluded)}
    inherited.pop("SSL_CERT_FILE", None)
    changes = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(packages),
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
        "RETOUCHML_HOME": str(folder / "home"),
        # nothing here may find, and remove, the service of the user who runs the tests
        "HOME": str(folder / "user"),
        "XDG_CONFIG_HOME": str(folder / "user" / "config"),
        "CALLS": str(folder / "calls"),
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
    return SmallCheckout(top, inherited | changes)


def write_requirements(folder: Path, packages: Path) -> None:
    """Wheels in place of the real packages, and requirements files that list them."""
    for file in folder.glob("*.txt"):
        file.unlink()
    listed = {
        "packages": [write_wheel(packages, "parts", "1.0")],
        "torch": [write_wheel(packages, "torch", "2.13.0")],
        "torch-cpu": [write_wheel(packages, "torch", "2.13.0+cpu")],
        "torch-cuda-windows": [write_wheel(packages, "torch", "2.13.0+cu130")],
        "dev": [write_wheel(packages, "tools", "1.0")],
        "heif": [write_wheel(packages, "pillow_heif", "1.0")],
        "jpegxl": [write_wheel(packages, "pyjpegxl", "1.0")],
        "editors": [write_wheel(packages, "pyzmq", "2.0")],
        "tensorflow1": [
            write_wheel(packages, *package.split("-"))
            for package in ("tensorflow-1.15.5", "numpy-1.18.5", "protobuf-3.20.3", "msgpack-1.0.5")
        ],
    }
    for name, wheels in listed.items():
        (folder / f"{name}.txt").write_text("".join(map(requirement, wheels)))


def requirement(wheel: Path) -> str:
    """The line of a wheel in a requirements file."""
    name, version, *_ = wheel.name.split("-")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    # as in the real list: a build of torch for the CPU is not to pass for the ordinary one
    equals = "===" if name == "torch" else "=="
    return f"{name.replace('_', '-')}{equals}{version} --hash=sha256:{digest}\n"


def write_wheel(
    folder: Path, name: str, version: str, modules: Mapping[str, str] | None = None, needs: str = ""
) -> Path:
    """Write a wheel, by default with the modules of ``_CONTENTS`` or with one that knows its version.

    The same call writes the same bytes.

    needs: a package that it asks for
    """
    modules = modules or _CONTENTS.get(name, {f"{name}.py": f"__version__ = {version!r}\n"})
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        **modules,
        f"{info}/METADATA": about + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for place, content in files.items():
            # its date is always the same
            wheel.writestr(zipfile.ZipInfo(place), content)
    return path

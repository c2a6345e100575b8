"""The requirements files in ``install/requirements``: the versions that were tested, and their hashes.

pip refuses a file whose hash is not listed (pip's hash-checking mode). A file NAME.txt is made by
``python3 install lock`` from pyproject.toml and NAME.in. It lists the files of all systems and Pythons, and
markers say which packages are for one system alone.
"""

import hashlib
import re

from install.checkout import TOP

FOLDER = TOP / "install" / "requirements"

PACKAGES = "packages"
"""What RetouchML imports, and what builds it, without torch."""

TORCH = "torch"
"""torch of the ordinary index, and for Linux the CUDA libraries that it needs."""

TORCH_CPU = "torch-cpu"
"""torch for the CPU of Linux, of PyTorch's own index."""

TORCH_CUDA_WINDOWS = "torch-cuda-windows"
"""torch with CUDA for Windows, of PyTorch's own index."""

DEV = "dev"
"""The tools for tests, beside the packages."""

RAY = "ray"
"""Ray, for the tests of `--ray`, beside the packages and the tools."""

EDITORS = "editors"
"""What lies beside the plug-ins in editors."""

EDITORS_310 = "editors-3.10"
"""What Python 3.10 needs besides."""

PIP = "pip"
"""pip itself, for a Python that cannot put it into an environment."""

UV = "uv"
"""uv, which brings a Python."""

TENSORFLOW1 = "tensorflow1"
TENSORFLOW1_GPU = "tensorflow1-gpu"


def arguments(*names: str, built: str = "") -> tuple[str, ...]:
    """pip's arguments for requirements files: nothing but listed files.

    pip runs in the checkout's top folder. Wheels alone are taken: to build a source archive, pip would fetch
    and run packages that are not listed.

    built: a package that has no wheel; it is built by what the environment holds
    """
    source = ("--no-binary", built, "--no-build-isolation") if built else ()
    files = [argument for name in names for argument in ("--requirement", f"install/requirements/{name}.txt")]
    return ("--require-hashes", "--only-binary", ":all:", *source, *files)


def names(name: str) -> set[str]:
    """The packages that a requirements file lists, in their normal spelling."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {normal(found[0]) for line in lines if (found := re.match(r"[A-Za-z0-9][\w.-]*(?===)", line))}


def normal(name: str) -> str:
    """A package's name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(*names: str) -> str:
    """Digest of some of the files, or of all."""
    paths = [FOLDER / f"{name}.txt" for name in names] or sorted(FOLDER.glob("*.txt"))
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()

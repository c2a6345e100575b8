"""From nothing to a retouched face: a new user in a clean Debian, megabytes and seconds of each step.

``python -m benchmarks.clean_debian FOLDER --release dist/release`` makes a small Debian 12 in FOLDER with
debootstrap, as root, and runs there as a user of its own what a person types. The ways (``--way``):

pip:    pip's installation of the light wheel, ``retouchml setup``, ``retouchml beautify``
uv:     the same by ``uv tool install``, in a Debian whose python3 has no ensurepip, and without pip
bundle: ``setup bundle`` after ``pip``, and ``setup --from`` for another home without a network
zip:    the set-up of a plug-in's zip, as its welcome page runs it, in a Debian without ensurepip
deb:    apt's installation of the Debian package, ``retouchml setup``, ``retouchml beautify``, apt's removal

It takes minutes and 3 GB of disk. Fetched is what pip says that it downloads or takes from a folder, without
the models (173 MB); two set-ups at once slow each other down.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import fetched

_SUITE = "bookworm"  # with Python 3.11
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = {
    "pip": "python3-venv",
    "bundle": "python3-venv",
    "uv": "python3",
    "zip": "python3",
    "deb": "python3-venv",
}
"""What a Debian for each way has; python3 alone comes without ensurepip."""
_USER = "anna"
_HOME = Path("/home", _USER)
_PORTRAIT = Path(__file__).parents[1] / "pipeline/portrait/astronaut.png"
_AS_ROOT = 'mount -t proc proc "$0/proc" && exec chroot "$0" sh -c "$1"'
# torch asks /proc about the processor
_AS_USER = f'''mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" \\
    && exec chroot --userspec={_USER}:{_USER} "$0" sh -c "$1"'''


@dataclass(frozen=True)
class Step:
    """What a command did. megabytes: of the user's home afterwards; fetched: megabytes, by pip alone."""

    title: str
    seconds: float
    megabytes: float
    fetched: float


@dataclass(frozen=True)
class CleanDebian:
    """A Debian in a folder. variables: with which its user's commands run."""

    root: Path
    variables: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path, python: str, mirror: str, wheels: Path | None) -> "CleanDebian":
        """Make it below a folder, or use the one that is there; its user starts anew.

        python: Debian's package; wheels: a folder of the machine from which pip may take wheels, too
        """
        root = folder / python
        if not (root / ".made").exists():
            shutil.rmtree(root, ignore_errors=True)
            _call(["debootstrap", "--variant=minbase", _SUITE, root, mirror])
            shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
            install = "apt-get -qq update && apt-get -qq -y install --no-install-recommends"
            install += f" {python} ca-certificates && useradd --create-home {_USER}"
            _call(["chroot", root, "sh", "-c", install])
            (root / ".made").touch()
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        shutil.copyfile(certificates, root / certificates.relative_to("/"))
        home = root / _HOME.relative_to("/")
        shutil.rmtree(home)
        _call(["chroot", root, "install", "--directory", f"--owner={_USER}", _HOME])
        variables = {"HOME": str(_HOME), "PIP_NO_CACHE_DIR": "1"}
        variables |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), str(certificates))  # uv reads the latter
        if wheels is not None:
            shutil.copytree(wheels, root / "wheels", dirs_exist_ok=True)
            variables["PIP_FIND_LINKS"] = "/wheels"
        return cls(
            root,
            {**variables, "PATH": f"{_HOME}/.local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )

    def run(self, command: str, *, offline: bool = False, as_root: bool = False) -> str:
        """What the user's command printed, or root's. Raises CalledProcessError."""
        private = ["unshare", "--mount", "--propagation", "private", *(["--net"] if offline else [])]
        whose = _AS_ROOT if as_root else _AS_USER
        return _call([*private, "sh", "-c", whose, self.root, f"cd; {command}"], self.variables)

    def home_size(self) -> float:
        """Megabytes in the user's home."""
        return fetched.on_disk(self.root / _HOME.relative_to("/"))

    def fetched(self, log: str) -> float:
        """Megabytes that pip fetched, by its own words."""
        return fetched.by_pip(log, _HOME, lambda path: self.root / path.lstrip("/"))


@dataclass(frozen=True)
class Typed:
    """A step as it is typed. sets_up: whether pip's words are in the set-up's log; offline: no network;
    as_root: typed by the system's administrator"""

    title: str
    command: str
    sets_up: bool = False
    offline: bool = False
    as_root: bool = False


_BEAUTIFY = "retouchml beautify /release/portrait.png -o after.png"
_SETUP = "retouchml setup --device cpu"
_FROM_PIP = (
    Typed("pip install", "python3 -m venv light && light/bin/pip install /release/retouchml-*.whl"),
    Typed("retouchml setup", f"light/bin/{_SETUP}", sets_up=True),
)
_APT = "apt-get -qq -y -o Dpkg::Use-Pty=0"
_NO_NETWORK = "PIP_FIND_LINKS= RETOUCHML_HOME=$HOME/second"
_AS_THE_PAGE = """
import sys, time
from pathlib import Path
sys.path.insert(0, next(map(str, Path("vendor").glob("any"))))
from retouchml import paths
from retouchml.setup.job import SetupJob
job = SetupJob(paths.data_dir())
job.start()
while job.state.is_busy:
    time.sleep(0.2)
sys.exit(job.state.problem if job.state.phase.value != "done" else 0)
"""
WAYS = {
    "pip": (*_FROM_PIP, Typed("retouchml beautify", f"light/bin/{_BEAUTIFY}")),
    "uv": (
        Typed(
            "uv tool install",
            "install -D /release/uv .local/bin/uv && uv tool install /release/retouchml-*.whl",
        ),
        Typed("retouchml setup", _SETUP, sets_up=True),
        Typed("retouchml beautify", _BEAUTIFY),
    ),
    "deb": (
        Typed(
            "apt install", f"{_APT} install --no-install-recommends /release/retouchml_*.deb", as_root=True
        ),
        Typed("retouchml setup", _SETUP, sets_up=True),
        Typed("retouchml beautify", _BEAUTIFY),
        Typed("apt remove", f"{_APT} remove retouchml && test ! -e /usr/bin/retouchml", as_root=True),
    ),
    "bundle": (
        *_FROM_PIP,
        Typed("retouchml setup bundle", "light/bin/retouchml setup bundle bundle"),
        Typed("setup --from, offline", f"{_NO_NETWORK} light/bin/{_SETUP} --from bundle", offline=True),
        Typed("beautify, offline", f"{_NO_NETWORK} light/bin/{_BEAUTIFY}", offline=True),
    ),
    "zip": (
        Typed("unpack the zip", "python3 -m zipfile -e /release/retouchml-gimp-*.zip ."),
        Typed(
            "its set-up",
            f"cd retouchml-beautify && echo '{_AS_THE_PAGE}' > ../page.py && PYTHONPATH=. python3 ../page.py",
            sets_up=True,
        ),
        Typed("beautify", f".local/share/retouchml/engine/bin/{_BEAUTIFY}"),
    ),
}
"""What a person types, or a page does, by the name of the way."""


def measure(debian: CleanDebian, release: Path, way: str) -> Iterator[Step]:
    """Go a way. release: the folder of ``python3 install release``."""
    target = debian.root / "release"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in (*release.glob("*.whl"), *release.glob("*.zip"), *release.glob("*.deb")):
        shutil.copyfile(file, target / file.name)
    shutil.copyfile(_PORTRAIT, target / "portrait.png")
    shutil.copy(Path(sys.executable).with_name("uv"), target / "uv")
    log = debian.root / _HOME.relative_to("/") / ".local/share/retouchml/engine/retouchml-install.log"
    for typed in WAYS[way]:
        start = time.monotonic()
        said = debian.run(typed.command, offline=typed.offline, as_root=typed.as_root)
        seconds = time.monotonic() - start
        if typed.sets_up:
            said = log.read_text(encoding="utf-8", errors="replace")
        by_pip = 0.0 if typed.offline else debian.fetched(said)
        yield Step(typed.title, seconds, debian.home_size(), by_pip)


def _call(command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"} if variables is None else dict(variables)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout, done.stderr)
        done.check_returncode()
    return done.stdout


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description="From nothing to a retouched face in a clean Debian, as root."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the Debian is, or will be")
    parser.add_argument("--release", type=Path, required=True, help="what `python3 install release` built")
    parser.add_argument("--wheels", type=Path, help="a folder from which pip may take wheels, too")
    parser.add_argument("--mirror", default=_MIRROR, help="of Debian")
    parser.add_argument("--way", choices=WAYS, default="pip", help="how RetouchML comes there")
    arguments = parser.parse_args()
    python = _PACKAGES[arguments.way]
    debian = CleanDebian.make(arguments.folder.absolute(), python, arguments.mirror, arguments.wheels)
    print(f"{'step':24} {'fetched by pip':>14} {'home after it':>14} {'seconds':>8}")
    for step in measure(debian, arguments.release, arguments.way):
        row = f"{step.title:24} {step.fetched:11.1f} MB {step.megabytes:11.0f} MB {step.seconds:8.0f}"
        print(row, flush=True)


if __name__ == "__main__":
    main()

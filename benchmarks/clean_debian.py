"""From nothing to a retouched face: a new user in a clean Debian, three commands, megabytes and seconds.

``python -m benchmarks.clean_debian FOLDER --release dist/release`` makes a small Debian 12 in FOLDER with
debootstrap, as root, and runs there as a user of its own what a person types: pip's installation of the
light wheel, ``retouchml setup``, ``retouchml beautify``. It takes minutes and 3 GB of disk. Fetched is what
pip says that it downloads or takes from a folder, and the models; two set-ups at once slow each other down.
"""

import argparse
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SUITE = "bookworm"  # with Python 3.11
_MIRROR = "http://deb.debian.org/debian"
_PACKAGES = "python3-venv ca-certificates"
_USER = "anna"
_HOME = Path("/home", _USER)
_PORTRAIT = Path(__file__).parents[1] / "pipeline/portrait/astronaut.png"
_DOWNLOADED = re.compile(r"Downloading \S+ \(([\d.]+) (kB|MB)\)")
_TAKEN = re.compile(r"Processing (/\S+\.whl)")
# torch asks /proc about the processor
_AS_USER = f'''mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" \\
    && exec chroot --userspec={_USER}:{_USER} "$0" sh -c "$1"'''
_UNITS = {"kB": 1e3, "MB": 1e6}


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
    def make(cls, root: Path, mirror: str, wheels: Path | None) -> "CleanDebian":
        """Make it, or use the one that is there; its user starts anew.

        wheels: a folder of the machine from which pip may take wheels, too
        """
        if not (root / ".made").exists():
            shutil.rmtree(root, ignore_errors=True)
            _call(["debootstrap", "--variant=minbase", _SUITE, root, mirror])
            shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
            install = f"apt-get -qq update && apt-get -qq -y install --no-install-recommends {_PACKAGES}"
            _call(["chroot", root, "sh", "-c", f"{install} && useradd --create-home {_USER}"])
            (root / ".made").touch()
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        shutil.copyfile(certificates, root / certificates.relative_to("/"))
        home = root / _HOME.relative_to("/")
        shutil.rmtree(home)
        _call(["chroot", root, "install", "--directory", f"--owner={_USER}", _HOME])
        variables = {"HOME": str(_HOME), "PIP_CERT": str(certificates), "PIP_NO_CACHE_DIR": "1"}
        if wheels is not None:
            shutil.copytree(wheels, root / "wheels", dirs_exist_ok=True)
            variables["PIP_FIND_LINKS"] = "/wheels"
        return cls(root, {**variables, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})

    def run(self, command: str) -> str:
        """What the user's command printed. Raises CalledProcessError."""
        private = ["unshare", "--mount", "--propagation", "private"]
        return _call([*private, "sh", "-c", _AS_USER, self.root, f"cd; {command}"], self.variables)

    def home_size(self) -> float:
        """Megabytes in the user's home."""
        files = (self.root / _HOME.relative_to("/")).rglob("*")
        return sum(path.lstat().st_size for path in files if not path.is_dir()) / 1e6

    def fetched(self, log: str) -> float:
        """Megabytes that pip fetched, by its own words."""
        downloaded = sum(float(size) * _UNITS[unit] for size, unit in _DOWNLOADED.findall(log))
        taken = (self.root / path.lstrip("/") for path in _TAKEN.findall(log) if str(_HOME) not in path)
        folders = sum(path.stat().st_size for path in taken)
        return float(downloaded + folders) / 1e6


def measure(debian: CleanDebian, release: Path) -> list[Step]:
    """Run the three commands. release: the folder of ``python3 install release``."""
    target = debian.root / "release"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for wheel in release.glob("*.whl"):
        shutil.copyfile(wheel, target / wheel.name)
    shutil.copyfile(_PORTRAIT, target / "portrait.png")
    log = debian.root / _HOME.relative_to("/") / ".local/share/retouchml/engine/retouchml-install.log"
    steps = []
    for title, command in (
        ("pip install", "python3 -m venv light && light/bin/pip install /release/retouchml-*.whl"),
        ("retouchml setup", "light/bin/retouchml setup --device cpu"),
        ("retouchml beautify", "light/bin/retouchml beautify /release/portrait.png -o after.png"),
    ):
        start = time.monotonic()
        said = debian.run(command)
        seconds = time.monotonic() - start
        if title == "retouchml setup":
            said = log.read_text(encoding="utf-8", errors="replace")
        steps.append(Step(title, seconds, debian.home_size(), debian.fetched(said)))
    return steps


def _call(command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"} if variables is None else dict(variables)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout, done.stderr)
        done.check_returncode()
    return done.stdout


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Three commands in a clean Debian, as root.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the Debian is, or will be")
    parser.add_argument("--release", type=Path, required=True, help="what `python3 install release` built")
    parser.add_argument("--wheels", type=Path, help="a folder from which pip may take wheels, too")
    parser.add_argument("--mirror", default=_MIRROR, help="of Debian")
    arguments = parser.parse_args()
    debian = CleanDebian.make(arguments.folder.absolute(), arguments.mirror, arguments.wheels)
    print(f"{'step':20} {'fetched by pip':>14} {'home after it':>14} {'seconds':>8}")
    for step in measure(debian, arguments.release):
        print(f"{step.title:20} {step.fetched:11.1f} MB {step.megabytes:11.0f} MB {step.seconds:8.0f}")


if __name__ == "__main__":
    main()

"""The Debian package of the light wheel, with the engine's wheel beside it, so that no index has to have it.

Its files are those of the light wheel; Debian's own packages bring what it depends on. Built by dpkg-deb with
fixed dates and owners, so that the same sources give the same bytes.
"""

import gzip
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from install import processes
from install.checkout import ENGINE_WHEELS, TOP
from install.console import Tick
from install.errors import InstallError

_DATE = 1577836800  # 2020, as in the wheels
_PACKAGES = Path("usr/lib/python3/dist-packages")
_DOCUMENTS = Path("usr/share/doc/retouchml")

_CONTROL = """\
Package: retouchml
Version: {version}
Architecture: all
Maintainer: RetouchML contributors <retouchml@localhost>
Section: non-free/graphics
Priority: optional
Installed-Size: {kilobytes}
Depends: python3 (>= 3.10), python3-msgpack, python3-platformdirs, python3-zmq
Recommends: python3-venv (>= 3.11)
Suggests: gimp (>= 3.0), krita
Description: face retouching for GIMP, Krita and the command line
 The light part of RetouchML: command line, client, plug-ins and set-up.
 .
 "retouchml setup" then makes the engine's environment in the user's own data
 folder, with packages from Python's package index and networks for
 non-commercial use. It says how much it fetches before it does.
"""

_CHANGES = """\
retouchml ({version}) unstable; urgency=medium

  * RetouchML {version}: see NEWS.gz beside this file.

 -- RetouchML contributors <retouchml@localhost>  Wed, 01 Jan 2020 00:00:00 +0000
"""

_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: RetouchML contributors
License: Expat and CC-BY-NC-4.0
{licence}
"""

_AFTER_INSTALL = """\
#!/bin/sh
set -e
if [ "$1" = configure ] && command -v py3compile > /dev/null; then
    py3compile -p retouchml
fi
"""

_BEFORE_REMOVAL = """\
#!/bin/sh
set -e
if command -v py3clean > /dev/null; then
    py3clean -p retouchml
fi
"""

_COMMAND = """\
#!/usr/bin/python3
import sys

from retouchml.cli.main import main

sys.exit(main())
"""

_MANUAL = """\
.TH RETOUCHML 1
.SH NAME
retouchml \\- retouch the faces in photographs
.SH SYNOPSIS
.B retouchml
.I COMMAND
[\\fIOPTIONS\\fR]
.SH DESCRIPTION
.B retouchml setup
makes the engine's environment, once for each user.
.B retouchml beautify
.I IN
.B \\-o
.I OUT
then retouches a picture.
.B retouchml \\-\\-help
lists all commands,
.B retouchml
.I COMMAND
.B \\-\\-help
the options of one.
.SH SEE ALSO
/usr/share/doc/retouchml
"""


def can_build() -> bool:
    """Whether dpkg-deb is on this machine."""
    return shutil.which("dpkg-deb") is not None


def build(light: Path, engine: Path, version: str, folder: Path, tick: Tick = lambda: None) -> Path:
    """Build the package of the two wheels into ``folder``; its path. Raises InstallError."""
    target = folder / f"retouchml_{version}_all.deb"
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary, "root")
        _lay_out(root, light, engine, version)
        command: list[str | Path] = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, target]
        outcome = processes.run(command, tick, processes.environment(SOURCE_DATE_EPOCH=str(_DATE)), log=False)
    if outcome.code != 0:
        raise InstallError(f"The Debian package could not be built: {outcome.last_line}")
    return target


def _lay_out(root: Path, light: Path, engine: Path, version: str) -> None:
    packages = root / _PACKAGES
    packages.mkdir(parents=True)
    with zipfile.ZipFile(light) as wheel:
        wheel.extractall(packages)
    # dpkg has a list of its own, and pip must not take the package for one that it may remove
    for about in packages.glob("*.dist-info"):
        (about / "RECORD").unlink()
        (about / "INSTALLER").write_text("dpkg\n")
    wheels = packages / ENGINE_WHEELS
    wheels.mkdir()
    shutil.copyfile(engine, wheels / engine.name)
    for copy in packages.rglob("LICENSE*"):
        if copy.parent.name == "licenses":
            copy.unlink()
    licence = (TOP / "LICENSE").read_text(encoding="utf-8")
    _write(root / "usr/bin/retouchml", _COMMAND)
    _write(root / _DOCUMENTS / "copyright", _COPYRIGHT.format(licence=_indented(licence)))
    _compressed(root / _DOCUMENTS / "NEWS.gz", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"))
    _compressed(root / _DOCUMENTS / "changelog.gz", _CHANGES.format(version=version))
    _compressed(root / "usr/share/man/man1/retouchml.1.gz", _MANUAL)
    kilobytes = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    _write(root / "DEBIAN/control", _CONTROL.format(version=version, kilobytes=kilobytes))
    _write(root / "DEBIAN/postinst", _AFTER_INSTALL)
    _write(root / "DEBIAN/prerm", _BEFORE_REMOVAL)
    for path in (root, *root.rglob("*")):
        is_program = path.parent.name in ("bin", "DEBIAN") and path.name != "control"
        path.chmod(0o755 if path.is_dir() or is_program else 0o644)
        os.utime(path, (_DATE, _DATE))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _compressed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _indented(text: str) -> str:
    return "\n".join(f" {line}" if line.strip() else " ." for line in text.strip().splitlines())

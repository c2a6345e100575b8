"""Starts a real GIMP in the folder of the set-up, on a virtual screen, with a driver.

Mounts and processes have their own namespaces, and end with the block.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.editors.editor_driver import EditorDriver

TIMEOUT = 600.0  # seconds; a busy machine must not fail a test
_HERE = Path(__file__).parent
SCREEN = "1280x900"
_LONGEST_LOG = 4000  # characters of GIMP's log that a failure shows
_LATER = "3.99.0"  # than any of these GIMPs: one that was used in an earlier version greets its user
_GIMPRC = f'(config-version "{_LATER}")\n(check-updates no)\n(save-session-info no)\n'

# The mounts end with the namespace.
_OUTSIDE = """
set -eu
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/run"
mkdir -p "$ROOT/run/user" "$ROOT/tmp/.X11-unix"
chmod 700 "$ROOT/run/user"; chmod 1777 "$ROOT/tmp/.X11-unix"
printf '%s\\n' "$BINDS" | while read -r folder; do
    mkdir -p "$ROOT$folder"; mount --bind "$folder" "$ROOT$folder"
done
exec chroot "$ROOT" /bin/sh -c "$INSIDE"
"""

_INSIDE = """
set -eu
export HOME="$PROFILE" PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/run/user TMPDIR=/tmp GDK_BACKEND=x11
cd "$PROFILE"
Xvfb -displayfd 4 -screen 0 "${SCREEN}x24" -nolisten tcp 4>/run/display 2>/run/xvfb.log &
until [ -s /run/display ]; do sleep 0.1; done
export DISPLAY=":$(cat /run/display)"
openbox --sm-disable >/dev/null 2>&1 &
exec dbus-run-session -- gimp --new-instance --no-splash --batch-interpreter python-fu-eval -b "$BATCH"
"""

# looks at all plug-ins, and ends
_QUERY = """
set -eu
export HOME="$PROFILE" PATH="$FIRST_PATH:/usr/bin:/bin" XDG_RUNTIME_DIR=/run/user TMPDIR=/tmp
cd "$PROFILE"
exec gimp-console --no-interface --quit --batch-interpreter plug-in-script-fu-eval --batch '(gimp-quit 0)'
"""

_PRIVATE = [
    *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
    *("sh", "-c", _OUTSIDE),
]


class Gimp(EditorDriver):
    """Runs Python in GIMP's batch interpreter. profile: GIMP's home; settings: its folder there."""

    def __init__(self, address: Path, profile: Path, settings: Path) -> None:
        super().__init__(address, TIMEOUT)
        self.profile = profile
        self.settings = settings


def plug_ins(root: Path, profile: Path, version: str, first_path: Path) -> str:
    """GIMP's list of the plug-ins that it has found, with a folder that is the first on its path."""
    variables = _variables(root, profile, []) | {"INSIDE": _QUERY, "FIRST_PATH": str(first_path)}
    settings = _settings(profile, version)
    subprocess.run(_PRIVATE, env=variables, check=True, timeout=TIMEOUT)
    return (settings / "pluginrc").read_text(encoding="utf-8", errors="replace")


def _settings(profile: Path, version: str, preferences: str = "") -> Path:
    """GIMP's folder in a profile."""
    settings = profile / ".config" / "GIMP" / version
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "gimprc").write_text(_GIMPRC + preferences)
    return settings


def _variables(root: Path, profile: Path, binds: Sequence[Path]) -> dict[str, str]:
    return {
        "ROOT": str(root),
        "PROFILE": str(profile),
        "BINDS": "\n".join(map(str, [profile, *binds])),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "NO_AT_BRIDGE": "1",
        "GIO_USE_VFS": "local",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@contextmanager
def gimp(
    root: Path,
    profile: Path,
    binds: Sequence[Path],
    version: str,
    *,
    screen: str = SCREEN,
    preferences: str = "",
    **environment: str,
) -> Iterator[Gimp]:
    """GIMP with the profile folder ``profile``, which has the plug-ins; it ends with the block.

    binds: folders that GIMP can see, under the same names; screen: its size in pixels; preferences: more
    lines of ``gimprc``
    """
    settings = _settings(profile, version, preferences)
    address = profile / "driver"
    # the list of GIMP's own plug-ins: to query each takes minutes on a busy machine
    plugin_list, cache = settings / "pluginrc", root / ".pluginrc"
    if cache.exists():
        shutil.copyfile(cache, plugin_list)
    variables = _variables(root, profile, [_HERE, *binds]) | {
        "INSIDE": _INSIDE,
        "BATCH": f"exec(open({str(_HERE / 'driver_in_gimp.py')!r}).read())",
        "RETOUCHML_DRIVER": str(address),
        "SCREEN": screen,
        "PYTHONPATH": str(_HERE / "inside"),
    }
    with (profile / "gimp.log").open("wb") as log:
        process = subprocess.Popen(
            _PRIVATE,
            env={**variables, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            end = time.monotonic() + TIMEOUT
            while not address.exists():
                assert process.poll() is None, (profile / "gimp.log").read_text(errors="replace")
                assert time.monotonic() < end, (profile / "gimp.log").read_text(errors="replace")
                time.sleep(0.2)
            shutil.copyfile(plugin_list, cache)
            yield Gimp(address, profile, settings)
        except BaseException:  # GIMP and libgimp say why a plug-in ended
            print((profile / "gimp.log").read_text(errors="replace")[-_LONGEST_LOG:], file=sys.stderr)
            raise
        finally:
            process.kill()  # --kill-child ends all of its namespace
            process.wait()

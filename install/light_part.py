"""What editors get of this checkout: the modules of ``retouchml/`` that talk to the daemon."""

from pathlib import Path

from checkout import TOP

NAMES = (
    "__init__.py",
    "bridge.py",
    "children.py",
    "client.py",
    "connection.py",
    "errors.py",
    "launch.py",
    "line.py",
    "lock.py",
    "look.py",
    "messages.py",
    "ownership.py",
    "paths.py",
    "pixel_format.py",
    "protocol.py",
    "sandbox.py",
    "vendored.py",
    "windows.py",
)


def files() -> dict[str, Path]:
    """Where each lies, by its place in a plug-in's folder; the licence is among them."""
    light = {f"retouchml/{name}": TOP / "retouchml" / name for name in NAMES}
    return {**light, "LICENSE": TOP / "LICENSE"}

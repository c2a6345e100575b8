"""Enables a Python plug-in in ``kritarc``, Krita's settings, and leaves every other byte as it was.

It is an ini file of KDE's: ``[python]`` holds ``enable_NAME=true``. Krita writes it anew when it exits.
"""

from pathlib import Path

from retouchml.system.files import write_atomically

_SECTION = "[python]"


def enable(text: str, name: str) -> str:
    """The settings with the plug-in enabled."""
    if is_enabled(text, name):
        return text
    lines = disable(text, name).splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"  # Krita on Windows writes the former
    line = f"enable_{name}=true{end}"
    for index, each in enumerate(lines):
        if each.strip() == _SECTION:
            if not each.endswith("\n"):
                lines[index] += end
            return "".join([*lines[: index + 1], line, *lines[index + 1 :]])
    gap = "" if not lines else end if lines[-1].endswith("\n") else end * 2
    return "".join([*lines, gap, f"{_SECTION}{end}", line])


def is_enabled(text: str, name: str) -> bool:
    """Whether Krita would load the plug-in."""
    return disable(text, name) != text and f"enable_{name}=true" in text.splitlines()


def disable(text: str, name: str) -> str:
    """The settings without the plug-in's line."""
    result, in_section = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            in_section = line.strip() == _SECTION
        if not (in_section and line.partition("=")[0].strip() == f"enable_{name}"):
            result.append(line)
    return "".join(result)


def rewrite(path: Path, name: str, *, enabled: bool) -> bool:
    """Enable or disable the plug-in in the file, whole or not at all; whether that changed anything."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        text = ""
    changed = enable(text, name) if enabled else disable(text, name)
    if changed == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = None if path.exists() else 0o600
    write_atomically(path, changed.encode("utf-8", "surrogateescape"), mode)
    return True

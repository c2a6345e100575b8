"""The names of results: ``--name`` and ``--format``."""

from pathlib import PurePath
from string import Formatter

from retouchml.errors import UsageError

FIELDS = ("stem", "suffix", "folder")
_SUFFIX = {"jpeg": ".jpg", "tiff": ".tif"}


def formats() -> tuple[str, ...]:
    """The formats that a result may have."""
    from pipeline.pictures import SUFFIXES

    return tuple(dict.fromkeys(SUFFIXES.values()))


def format_of(text: str) -> str:
    """The format that a text means: its name, or a suffix of it. Raises UsageError."""
    from pipeline.pictures import SUFFIXES

    given = text.lower().removeprefix(".")
    name = SUFFIXES.get(f".{given}", given)
    if name not in formats():
        raise UsageError(f"{text!r} is no format of results.", f"It is {', '.join(formats())}.")
    return name


def check_template(template: str) -> str:
    """Return a template of names if it is one. Raises UsageError."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise _wrong(template) from error
    fields = [field for _, field, _, _ in parts if field is not None]
    plain = all(not spec and conversion is None for _, field, spec, conversion in parts if field is not None)
    if not plain or not {*fields} <= {*FIELDS} or "stem" not in fields:
        raise _wrong(template)
    if any(separator in literal for literal, *_ in parts for separator in ("/", "\\", "\0")):
        raise UsageError(f"The name {template!r} must not contain folders.", "`-o` says the folder.")
    return template


def result_name(source: PurePath, template: "str | None", format_name: "str | None") -> PurePath:
    """The name of the result of a picture with the name ``source``, both below the folder of the results.

    format_name: None for the source's own format, or PNG where it cannot be written
    """
    from pipeline.pictures import SUFFIXES

    own = source.suffix.lower()
    if format_name is None:
        suffix = source.suffix if own in SUFFIXES else ".png"
    elif SUFFIXES.get(own) == format_name:
        suffix = source.suffix
    else:
        suffix = _SUFFIX.get(format_name, f".{format_name}")
    # no format method: a name may hold braces
    values = {"stem": source.stem, "suffix": suffix, "folder": source.parent.name}
    name = "".join(
        literal + (values[field] if field else "")
        for literal, field, _, _ in Formatter().parse(template or "{stem}{suffix}")
    )
    if "{suffix}" not in (template or "{suffix}"):
        name += suffix
    return source.with_name(name)


def _wrong(template: str) -> UsageError:
    fields = ", ".join(f"{{{field}}}" for field in FIELDS)
    return UsageError(
        f"{template!r} is no pattern for names.",
        f"It may have {fields}, and must have {{stem}}.",
    )

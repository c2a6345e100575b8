"""The options of ``retouchml beautify`` for many pictures."""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from retouchml.cli.batch import cluster, watch
from retouchml.cli.batch.existing import EXISTING, Existing, Judge
from retouchml.cli.batch.inputs import Input, Selection, collect, read_list
from retouchml.cli.batch.journal import digest
from retouchml.cli.batch.naming import check_template, format_of
from retouchml.cli.batch.storage import Storage
from retouchml.cli.batch.urls import check_secrets, is_url
from retouchml.cli.context import argument_type, path_text
from retouchml.cli.output_files import OutputFiles, Outputs, locate
from retouchml.cli.report import STDOUT
from retouchml.client import host_port
from retouchml.errors import PictureUnreadable, UsageError
from retouchml.face_filter import FaceFilter
from retouchml.look import FaceChoice
from retouchml.look_change import ChosenLook, FaceLooks
from retouchml.own_parts import STANDARD
from retouchml.translation import translated


class _Once(argparse.Action):
    """Stores what a second one would replace silently, which is refused."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: "str | Sequence[Any] | None",
        _option: "str | None" = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"argument {'/'.join(self.option_strings)}: {translated('it can be given once')}")
        setattr(namespace, self.dest, values)


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Which pictures, which of their faces, and where the results go."""
    group = parser.add_argument_group(title="many pictures")
    group.add_argument("--recursive", action="store_true", help="also what is in folders below IN")
    group.add_argument(
        "--files-from",
        action=_Once,
        type=path_text,
        metavar="FILE",
        help="a list of pictures, by line or NUL; - is stdin",
    )
    group.add_argument(
        "--watch", action=_Once, type=path_text, metavar="FOLDER", help="retouch what arrives there"
    )
    group.add_argument(
        "--include",
        action="append",
        type=argument_type(_pattern),
        default=[],
        metavar="PATTERN",
        help="only pictures whose name matches, such as '*.jpg'; may be given again",
    )
    group.add_argument(
        "--exclude",
        action="append",
        type=argument_type(_pattern),
        default=[],
        metavar="PATTERN",
        help="no pictures whose name matches; may be given again",
    )
    group.add_argument(
        "--shard",
        type=argument_type(_shard),
        default=(1, 1),
        metavar="I/N",
        help="only the I-th of N parts, by name; I from 1",
    )
    group.add_argument(
        "--existing",
        choices=EXISTING,
        help="where a result exists: fail (the default), skip what is done with the same settings, replace",
    )
    group.add_argument(
        "--name",
        type=argument_type(check_template),
        metavar="PATTERN",
        help="the names of results, such as '{stem}-retouched{suffix}'",
    )
    group.add_argument(
        "--format",
        type=argument_type(format_of),
        metavar="FORMAT",
        help="png, tiff, jpeg or webp, for all results",
    )
    group.add_argument(
        "--report", type=path_text, metavar="FILE", help="a line of JSON on each picture, at once"
    )
    group.add_argument(
        "--min-face", type=argument_type(_count), metavar="N", help="only faces of N pixels or more"
    )
    group.add_argument(
        "--min-sharpness",
        type=argument_type(_share),
        metavar="X",
        help="only faces as sharp as X, 0 to 1; `faces --json` shows it",
    )
    group.add_argument(
        "--max-faces", type=argument_type(_count), metavar="N", help="only the N largest faces of a picture"
    )
    group.add_argument(
        "--ray",
        nargs="?",
        const=cluster.LOCAL,
        metavar="ADDRESS",
        help="let a Ray cluster do the work: auto, HOST:PORT, or one on this machine alone (the default)",
    )
    group.add_argument(
        "--ray-workers", type=argument_type(_count), metavar="N", help="processes there (default: its room)"
    )
    group.add_argument(
        "--ray-gpus",
        type=argument_type(_share),
        metavar="X",
        help="of a GPU for each of them, 0 to 1 (default: 1 where there are any)",
    )


def settle(arguments: argparse.Namespace, storage: Storage) -> None:
    """Put paths in place of the texts of files, folders and URLs. Raises UsageError, PictureUnreadable."""
    for option in ("watch", "files_from"):
        text = getattr(arguments, option)
        if text is not None and is_url(text):
            check_secrets(text)
            raise UsageError(
                f"`--{option.replace('_', '-')}` is for this machine, and {text} is not on it.",
                "Name a folder of pictures.",
            )
    for option in ("output", "compare", "layer", "json"):
        text = getattr(arguments, option)
        if text is not None and is_url(text):
            slash = os.sep if text.endswith("/") else ""  # which says that it is a folder
            setattr(arguments, option, f"{storage.local(text)}{slash}")
    for option in ("watch", "report"):
        text = getattr(arguments, option)
        setattr(arguments, option, None if text is None else storage.local(text))
    arguments.sources = [storage.source(text) for text in arguments.sources]
    arguments.storage = storage


def is_many(arguments: argparse.Namespace) -> bool:
    """Whether there may be several pictures, so that OUT is a folder.

    A single one is treated so if it may have been done before, which the folder's journal knows.
    """
    sources: Sequence[Path] = arguments.sources
    return (
        len(sources) != 1
        or arguments.files_from is not None
        or arguments.watch is not None
        or arguments.existing == "skip"
        or arguments.ray is not None
        or arguments.storage.has_urls
        or sources[0].is_dir()
    )


def inputs(
    arguments: argparse.Namespace,
    without: Sequence[Path],
    on_unreadable: Callable[[OSError], None] = lambda _: None,
) -> tuple[Input, ...]:
    """The pictures that the options name; none for ``--watch``.

    without: folders of results; on_unreadable: is told of a folder that cannot be listed. Raises
    PictureUnreadable if there is none, UsageError.
    """
    if arguments.watch is not None:
        return ()
    listed: Sequence[Path] = ()
    if arguments.files_from is not None:
        file = None if arguments.files_from == STDOUT else Path(arguments.files_from)
        listed = read_list(file, arguments.storage.local)
    found = collect(
        arguments.sources,
        listed,
        recursive=arguments.recursive,
        without=without,
        storage=arguments.storage,
        on_unreadable=on_unreadable,
    )
    if not found:
        raise _nothing(arguments)
    return found


def selected(
    arguments: argparse.Namespace, found: Sequence[Input], pictures: Sequence[OutputFiles]
) -> list[OutputFiles]:
    """Those of the ``pictures``, one for each input, that the options choose. Raises UsageError.

    Their names were settled before, so that each has the same one in every shard.
    """
    selection = _selection(arguments)
    chosen = [files for each, files in zip(found, pictures, strict=True) if selection.takes(each.name)]
    if not chosen and arguments.shard == (1, 1):
        raise UsageError(
            f"None of the pictures ({len(found)}) has a name that `--include` and `--exclude` let pass.",
            "Patterns are for names below the folder, such as '*.jpg' or 'wedding/*'.",
        )
    return chosen


def arrivals(arguments: argparse.Namespace, without: Sequence[Path]) -> watch.Arrivals:
    """The pictures of ``--watch``."""

    def found() -> tuple[Input, ...]:
        pictures = collect(
            [arguments.watch], recursive=arguments.recursive, without=without, on_unreadable=lambda _: None
        )
        return tuple(each for each in pictures if _selection(arguments).takes(each.name))

    return watch.Arrivals(found, watch.pause)


def outputs(arguments: argparse.Namespace, chosen: Sequence[Input], *, several: bool) -> Outputs:
    """Where the results of these pictures go. Raises UsageError."""
    located = locate(
        chosen,
        arguments.output,
        compare=arguments.compare,
        layer=arguments.layer,
        several=several,
        template=arguments.name,
        format_name=arguments.format,
        keep_suffix=arguments.watch is not None,
    )
    if (arguments.name or arguments.format) and not located.folders:
        raise UsageError("`--name` and `--format` are for results in a folder.", "Let `-o` end with a slash.")
    return located


def check(arguments: argparse.Namespace) -> None:
    """Raise UsageError for options that contradict each other, or have no sense."""
    if arguments.ray is not None:
        _check_ray(arguments)  # first, as `--ray` may have taken a picture for an address
    if arguments.watch is not None:
        if arguments.sources or arguments.files_from is not None:
            raise UsageError("`--watch` takes its pictures from its folder alone.", "Leave the others out.")
        if arguments.watch.exists() and not arguments.watch.is_dir():
            raise UsageError(f"{arguments.watch} is no folder.", "Name the folder in which pictures arrive.")
        if not arguments.watch.is_dir():
            raise UsageError(f"There is no folder {arguments.watch}.", "Make it first.")
    elif not arguments.sources and arguments.files_from is None:
        raise UsageError("No picture was given.", "Name pictures, a folder, or a list with `--files-from`.")
    if arguments.existing == "skip" and len(arguments.sources) == 1 and _names_a_file(arguments):
        raise UsageError(
            f"{arguments.output} names a file, and `--existing skip` is for results in a folder.",
            "Name a folder with -o.",
        )
    if is_many(arguments) and Path(arguments.output).is_file():
        raise UsageError(f"{arguments.output} is a file.", "Name a folder with -o.")
    for folder in (*arguments.sources, *filter(None, [arguments.watch])):
        for result in (arguments.output, arguments.compare, arguments.layer):
            if result is not None and folder.is_dir() and Path(result).is_dir() and folder.samefile(result):
                raise UsageError(
                    f"{folder} is a folder of pictures to retouch, and cannot take the results.",
                    "Name another one; it may lie in it.",
                )
    if arguments.face_at and is_many(arguments):
        raise UsageError("`--face-at` is for one picture.", "Run it once for each.")
    if arguments.report is not None and str(arguments.report) == STDOUT:
        raise UsageError("`--report` needs a file.", "`--json -` prints a report.")
    if arguments.ray is None and (arguments.ray_workers is not None or arguments.ray_gpus is not None):
        raise UsageError("`--ray-workers` and `--ray-gpus` are for `--ray`.", "Add it, or leave them out.")
    if arguments.force and arguments.existing not in (None, "replace"):
        raise UsageError("`--force` and `--existing` say different things.", "Leave one out.")


def _names_a_file(arguments: argparse.Namespace) -> bool:
    """Whether OUT is no folder, and would hardly be meant as one."""
    from pipeline.pictures import SUFFIXES

    output = Path(arguments.output)
    is_new = not output.is_dir() and not str(arguments.output).endswith(("/", os.sep))
    is_one = not arguments.sources[0].is_dir()
    return output.is_file() or (is_new and is_one and output.suffix.lower() in SUFFIXES)


def _check_ray(arguments: argparse.Namespace) -> None:
    advice = "Write `--ray=auto` or `--ray=HOST:PORT`, or put `--ray` behind the pictures."
    if not arguments.ray:
        raise UsageError("`--ray=` lacks an address.", advice)
    address = arguments.ray.removeprefix("ray://")
    if address not in (cluster.LOCAL, "auto"):
        try:
            host_port.parse(address)
        except UsageError:
            raise UsageError(f"{arguments.ray} is no address of a Ray cluster.", advice) from None
    if arguments.remote is not None:
        raise UsageError("`--ray` and `--remote` say different machines.", "Leave one out.")
    cluster.check_installed()


def existing(arguments: argparse.Namespace) -> Existing:
    """What to do where a result exists."""
    if arguments.existing is not None:
        chosen: Existing = arguments.existing
        return chosen
    if arguments.force:
        return "replace"
    return "fail" if arguments.watch is None else "skip"


def face_filter(arguments: argparse.Namespace) -> FaceFilter:
    """Which faces are worth a retouch."""
    return FaceFilter(arguments.min_face or 0, arguments.min_sharpness or 0.0, arguments.max_faces)


def judge(
    arguments: argparse.Namespace,
    looks: FaceLooks,
    faces: FaceChoice,
    only: FaceFilter,
    model: str,
    engine: str,
    precision: str,
    scorer: str,
) -> Judge:
    """What decides whether a picture is done: the settings that change its pixels."""
    settings = {
        "model": model,
        "look": _values(looks.common),
        "own": {str(face): _values(look) for face, look in looks.own.items()},
        "faces": list(faces) if isinstance(faces, tuple) else faces,
        "only": [only.min_size, only.min_sharpness, only.most],
        "engine": engine,
        "precision": precision,
    }
    if scorer not in ("", STANDARD):  # what was done before there were others stays done
        settings["scorer"] = scorer
    return Judge(existing(arguments), digest(settings), time.time(), arguments.storage.stamp)


def _values(chosen: ChosenLook) -> dict[str, Any]:
    return {name: float(value) for name, value in chosen.look.values.items()}


def _selection(arguments: argparse.Namespace) -> Selection:
    return Selection(arguments.include, arguments.exclude, arguments.shard)


def _nothing(arguments: argparse.Namespace) -> PictureUnreadable:
    folder = next((source for source in arguments.sources if source.is_dir()), None)
    if folder is None:
        return PictureUnreadable("The list names no picture.", "Put a name in each line.")
    if arguments.recursive:
        return PictureUnreadable(f"There is no picture in the folder {folder}, nor below.", "Check its name.")
    return PictureUnreadable(
        f"There is no picture in the folder {folder}.", "Add `--recursive` if they are in folders below."
    )


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts):
        return int(part), int(parts)
    raise UsageError(f"{text!r} is not I/N with I from 1 to N.", "For example 1/4.")


def _pattern(text: str) -> str:
    if not text:
        raise UsageError("A pattern is missing.", "For example '*.jpg'.")
    return text


def _count(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 1 << 20:
        return int(text)
    raise UsageError(f"{text!r} is not a whole number from 1 on.")


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if 0 <= value <= 1:
        return value
    raise UsageError(f"{text!r} is not a number from 0 to 1.")

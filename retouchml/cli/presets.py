"""``retouchml presets``: lists the named looks, shows one; saves, renames and deletes the user's own."""

import argparse

from retouchml.cli.context import Context, Subparsers
from retouchml.cli.look_options import add_look_options, chosen_look
from retouchml.presets import library, preset_file
from retouchml.presets.preset_file import Preset
from retouchml.translation import translated


def add_parser(subparsers: Subparsers) -> None:
    """Declare the command and its actions."""
    parser = subparsers.add_parser(
        "presets",
        help="list the presets, show one, save and delete your own",
        description="List the presets, as `retouchml beautify --preset NAME` takes them. Your own "
        "are files in the folder `presets` beside config.toml.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    list_ = actions.add_parser("list", help="show every preset, as without an action", allow_abbrev=False)
    for listing, default in ((parser, False), (list_, argparse.SUPPRESS)):
        listing.add_argument(
            "--json", action="store_true", default=default, help="print JSON, with the values of all sliders"
        )
        listing.set_defaults(run=list_presets)

    show = actions.add_parser("show", help="print a preset, as a file holds it", allow_abbrev=False)
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=show_preset)

    save = actions.add_parser(
        "save",
        help="save a preset of your own",
        description="Save the look that the options describe as a preset of your own.",
        allow_abbrev=False,
    )
    save.add_argument("name", metavar="NAME", help="small letters, digits, hyphens and underscores")
    save.add_argument("--title", default="", help="its title (default: its name)")
    save.add_argument("--description", default="", metavar="TEXT", help="a line on what it is for")
    add_look_options(save)
    save.add_argument("--force", action="store_true", help="replace a preset of this name")
    save.set_defaults(run=save_preset)

    rename = actions.add_parser(
        "rename",
        help="give a preset of your own another title",
        description="Give a preset of your own another title, and a name made of it.",
        allow_abbrev=False,
    )
    rename.add_argument("name", metavar="NAME")
    rename.add_argument("title", metavar="TITLE")
    rename.set_defaults(run=rename_preset)

    delete = actions.add_parser("delete", help="delete a preset of your own", allow_abbrev=False)
    delete.add_argument("name", metavar="NAME")
    delete.set_defaults(run=delete_preset)


def list_presets(arguments: argparse.Namespace, context: Context) -> int:
    """Print all presets; a line on stderr for each file that cannot be used."""
    presets, problems = library.presets()
    for problem in problems:
        context.console.complain(problem)
    if arguments.json:
        from retouchml.cli import report

        context.console.print(report.text([_as_json(preset) for preset in presets]))
        return 0
    width = max(len(preset.name) for preset in presets)
    for preset in presets:
        title, help_ = preset.title, preset.help
        if not preset.is_own:
            title, help_ = translated(title), translated(help_)
        text = f"{title}: {help_}" if help_ else title
        own = f" ({translated('your own')})" if preset.is_own else ""
        context.console.print(f"{preset.name:{width}}  {text}{own}")
    return 0


def show_preset(arguments: argparse.Namespace, context: Context) -> int:
    """Print a preset as a file holds it."""
    context.console.print(preset_file.as_text(library.preset(arguments.name)).rstrip())
    return 0


def save_preset(arguments: argparse.Namespace, context: Context) -> int:
    """Save the look that the options describe."""
    look = chosen_look(arguments, context.settings()).look
    title = arguments.title or arguments.name
    preset = Preset(arguments.name, title, arguments.description, look, is_own=True)
    context.console.say(f"{library.save(preset, replace_existing=arguments.force)} is saved.")
    return 0


def rename_preset(arguments: argparse.Namespace, context: Context) -> int:
    """Rename one of the user's own."""
    renamed = library.rename(arguments.name, arguments.title)
    context.console.say(f"{arguments.name} is called {renamed.name} now: {renamed.title}.")
    return 0


def delete_preset(arguments: argparse.Namespace, context: Context) -> int:
    """Delete one of the user's own."""
    library.delete(arguments.name)
    context.console.say(f"{arguments.name} is deleted.")
    return 0


def _as_json(preset: Preset) -> "dict[str, object]":
    look = preset.look
    return {
        "name": preset.name,
        "title": preset.title,
        "help": preset.help,
        "own": preset.is_own,
        "set": {"strength": look.strength, "texture": look.texture, **look.edits},
        "look": look.values,
        "render": look.render,
    }

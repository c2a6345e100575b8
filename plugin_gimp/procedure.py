"""The procedures: their arguments, their places in the menus, their runs.

``plug-in-retouchml-beautify`` has the dialog; one for each preset retouches without one.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gi.repository import Gegl, Gimp, GLib, GObject

from plugin_gimp import preloading
from plugin_gimp.arguments import EARLIER, IN_ITS_PLACE, NEW_LAYER, OUTPUTS, RENDERS
from plugin_gimp.texts import _, capitalized, shipped_title, with_mnemonics
from retouchml import sentences
from retouchml.look import PHOTO
from retouchml.presets.library import SHIPPED
from retouchml.sliders import EDITS, SLIDERS
from retouchml.system.failures import unexpected

NAME = "plug-in-retouchml-beautify"
_WITH_PRESET = "plug-in-retouchml-preset-"
_MENU = "<Image>/Filters/RetouchML"
_ICON = "gimp-tool-heal"  # of GIMP's theme, so that it suits light and dark
_OPERATIONS = "GEGL_PATH"  # where GEGL looks for them
_VENDOR = Path(__file__).resolve().parent.parent / "vendor"
_FLAGS = GObject.ParamFlags.READWRITE


class RetouchML(Gimp.PlugIn):
    """The plug-in as GIMP queries and runs it."""

    def do_set_i18n(self, _name: str) -> bool:
        """Decline GIMP's translation: ``texts`` translates."""
        return False

    def do_query_procedures(self) -> "list[str]":
        """The names of the procedures."""
        return [NAME, *(f"{_WITH_PRESET}{preset}" for preset in SHIPPED)]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe the procedure."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, _run, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_icon_name(_ICON)
        procedure.set_attribution("RetouchML", "RetouchML", "2026")
        help_ = _("Faces are retouched by RetouchML on this machine; the person stays recognizable.")
        if name == NAME:
            procedure.set_menu_label(_("_Beautify…"))
            procedure.set_documentation(_("Retouch the faces of this layer"), help_, name)
            _add_arguments(procedure)
            procedure.add_menu_path(_MENU)
            return procedure
        title = shipped_title(name.removeprefix(_WITH_PRESET))
        procedure.set_menu_label(title)
        procedure.add_menu_path(_MENU)
        summary = _("Retouch the faces of this layer with the preset {preset}, without the dialog")
        procedure.set_documentation(summary.format(preset=title), help_, name)
        return procedure


def _add_arguments(procedure: Gimp.Procedure) -> None:
    edits, faces, output = _("E_dits"), _("_Faces"), _("_Output")
    sliders = [slider for slider in SLIDERS if slider not in EDITS]
    labels = with_mnemonics([_(slider.title) for slider in sliders], (edits, faces, output))
    for slider, label in zip(sliders, labels, strict=True):
        help_ = capitalized(_(slider.help))
        procedure.add_double_argument(
            slider.name, label, help_, slider.low, slider.high, slider.default, _FLAGS
        )
    procedure.add_string_argument("edits", edits, _("Sliders, such as smile=0.3,teeth=0.5"), "", _FLAGS)
    procedure.add_string_argument("faces", faces, _("all, largest, or numbers such as 0,2"), "all", _FLAGS)
    procedure.add_choice_argument("output", output, _("Where it goes"), _choice(OUTPUTS), NEW_LAYER, _FLAGS)
    procedure.add_string_argument(
        "preset", _("_Preset"), _("A preset in place of strength and texture, such as studio"), "", _FLAGS
    )
    procedure.add_string_argument(
        "face-looks",
        _("Faces' _looks"),
        _("What is different for single faces, such as 0:preset=studio;1:strength=0.8,teeth=0.5"),
        "",
        _FLAGS,
    )
    procedure.add_string_argument(
        "face-at",
        _("Face a_t"),
        _("There is a face here, though it is not found: X,Y,WIDTH,HEIGHT; more after a semicolon"),
        "",
        _FLAGS,
    )
    procedure.add_choice_argument(
        "earlier",
        _("Ea_rlier result"),
        _("What becomes of an earlier result of the same layer"),
        _choice(EARLIER),
        IN_ITS_PLACE,
        _FLAGS,
    )
    help_ = capitalized(_(sentences.RENDER_HELP))
    procedure.add_choice_argument("render", _("Pi_xels"), help_, _choice(RENDERS), PHOTO, _FLAGS)


def _choice(titles: "Mapping[str, str]") -> Gimp.Choice:
    choice = Gimp.Choice.new()
    for number, (nick, label) in enumerate(titles.items()):
        choice.add(nick, number, label, "")
    return choice


def _run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    _image: Gimp.Image,
    drawables: "list[Gimp.Drawable]",
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Run the procedure. Every error becomes a sentence, as GIMP shows no traceback."""
    try:
        from retouchml.client import vendored

        vendored.use(_VENDOR)
        from retouchml.client.placed_commands import explain
        from retouchml.errors import Cancelled, RetouchError
    except Exception as error:
        missing = _(
            "RetouchML's own files do not load: {error}. Install the filter again, as you did before."
        )
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, missing.format(error=error))
    try:
        _retouch(procedure.get_name(), run_mode, drawables, config)
    except Cancelled:
        return _answer(procedure, Gimp.PDBStatusType.CANCEL)
    except RetouchError as error:
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, explain(error))
    except MemoryError:
        return _answer(
            procedure, Gimp.PDBStatusType.EXECUTION_ERROR, _("There is not enough memory. Scale it down.")
        )
    except Exception as error:
        # for those who started GIMP in a terminal
        sys.excepthook(type(error), error, error.__traceback__)
        sentence = f"{unexpected(error, _)} {_(sentences.UNEXPECTED_ADVICE)}"
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, sentence)
    return _answer(procedure, Gimp.PDBStatusType.SUCCESS)


def _retouch(
    name: str,
    run_mode: Gimp.RunMode,
    drawables: "list[Gimp.Drawable]",
    config: Gimp.ProcedureConfig,
) -> None:
    from retouchml.errors import UsageError

    if len(drawables) != 1:
        raise UsageError(_("Choose exactly one layer."))
    preloading.begin()
    _begin_gegl()
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        from plugin_gimp import welcome

        welcome.show_if_wanted()
    if name == NAME and run_mode == Gimp.RunMode.INTERACTIVE:
        from plugin_gimp import dialog

        dialog.run(config, drawables[0])
        return
    _retouch_without_dialog(name, run_mode, drawables[0], config)


def _begin_gegl() -> None:
    """Begin GEGL without its 200 operations, of which none is used: to load them is half of its beginning."""
    before = os.environ.get(_OPERATIONS)
    os.environ[_OPERATIONS] = os.devnull
    try:
        Gegl.init(None)
    finally:
        if before is None:
            del os.environ[_OPERATIONS]
        else:
            os.environ[_OPERATIONS] = before


def _retouch_without_dialog(
    name: str, run_mode: Gimp.RunMode, layer: Gimp.Drawable, config: Gimp.ProcedureConfig
) -> None:
    from plugin_gimp import retouch
    from plugin_gimp.arguments import of_config, of_preset
    from retouchml.progress import OverallProgress, describe

    arguments = of_config(config) if name == NAME else of_preset(name.removeprefix(_WITH_PRESET))
    Gimp.progress_init(_("RetouchML"))
    overall = OverallProgress()

    def show(stage: str, fraction: float, remaining: "float | None") -> None:
        Gimp.progress_set_text(describe(stage, remaining, _))
        Gimp.progress_update(overall.update(stage, fraction))

    repeats = name == NAME and run_mode == Gimp.RunMode.WITH_LAST_VALS
    retouch.run(layer, arguments, show, repeats=repeats)
    Gimp.progress_end()


def _answer(procedure: Gimp.Procedure, status: Gimp.PDBStatusType, sentence: str = "") -> Gimp.ValueArray:
    return procedure.new_return_values(status, GLib.Error(sentence) if sentence else GLib.Error())

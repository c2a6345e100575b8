"""The procedure ``plug-in-retouchml-beautify``: its arguments, its place in the menus, and how it runs."""

import sys
from pathlib import Path
from typing import Any

from gi.repository import Gegl, Gimp, GLib, GObject

from plugin_gimp.messages import OUTPUTS, _

NAME = "plug-in-retouchml-beautify"
_VENDOR = Path(__file__).resolve().parent.parent / "vendor"
_FLAGS = GObject.ParamFlags.READWRITE


class RetouchML(Gimp.PlugIn):
    """What GIMP asks for what there is, and to run it."""

    def do_set_i18n(self, _name: str) -> bool:
        """The texts are translated here, by gettext."""
        return False

    def do_query_procedures(self) -> "list[str]":
        """Names of the procedures."""
        return [NAME]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe the procedure."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, _run, None)
        procedure.set_image_types("*")  # for an indexed image there is a sentence that helps
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_menu_label(_("_Beautify…"))
        procedure.add_menu_path("<Image>/Filters/RetouchML")
        procedure.set_documentation(
            _("Retouch the faces of this layer"),
            _("Faces are retouched by RetouchML on this machine; the person stays recognizable."),
            name,
        )
        procedure.set_attribution("RetouchML", "RetouchML", "2026")
        _add_arguments(procedure)
        return procedure


def _add_arguments(procedure: Gimp.Procedure) -> None:
    procedure.add_double_argument(
        "strength", _("_Strength"), _("How much is retouched"), 0.0, 1.0, 0.5, _FLAGS
    )
    procedure.add_double_argument(
        "texture", _("_Texture"), _("How much of the skin's finest texture stays"), 0.0, 1.0, 0.7, _FLAGS
    )
    procedure.add_string_argument(
        "edits", _("E_dits"), _("Manual edits, such as smile=0.3,age=-0.2"), "", _FLAGS
    )
    procedure.add_string_argument(
        "faces", _("_Faces"), _("all, largest, or numbers such as 0,2"), "all", _FLAGS
    )
    choice = Gimp.Choice.new()
    for number, (nick, label) in enumerate(OUTPUTS.items()):
        choice.add(nick, number, label, "")
    procedure.add_choice_argument("output", _("_Output"), _("Where it goes"), choice, "new-layer", _FLAGS)


def _run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    _image: Gimp.Image,
    drawables: "list[Gimp.Drawable]",
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Runs for GIMP. Whatever goes wrong becomes a sentence: GIMP would show a traceback to nobody."""
    try:
        from retouchml.client import vendored

        vendored.use(_VENDOR)
        from retouchml.errors import Cancelled, RetouchError
    except Exception as error:
        missing = _("RetouchML's own files do not load: {error}. Run `python3 install gimp` again.")
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, missing.format(error=error))
    try:
        _retouch(run_mode, drawables, config)
    except Cancelled:
        return _answer(procedure, Gimp.PDBStatusType.CANCEL)
    except RetouchError as error:
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, error.explain())
    except MemoryError:
        return _answer(
            procedure, Gimp.PDBStatusType.EXECUTION_ERROR, _("There is not enough memory. Scale it down.")
        )
    except Exception as error:
        # for whoever started GIMP in a terminal
        sys.excepthook(type(error), error, error.__traceback__)
        strange = _("This should not have happened ({error!r}). The image is unchanged.")
        return _answer(procedure, Gimp.PDBStatusType.EXECUTION_ERROR, strange.format(error=error))
    return _answer(procedure, Gimp.PDBStatusType.SUCCESS)


def _retouch(
    run_mode: Gimp.RunMode,
    drawables: "list[Gimp.Drawable]",
    config: Gimp.ProcedureConfig,
) -> None:
    from plugin_gimp import job, messages, options
    from retouchml.errors import UsageError

    if len(drawables) != 1:
        raise UsageError(_("Choose exactly one layer."))
    Gegl.init(None)
    if run_mode == Gimp.RunMode.INTERACTIVE:
        from plugin_gimp import dialog

        dialog.run(config, drawables[0])
        return
    wished = options.Options(
        strength=config.get_property("strength"),
        texture=config.get_property("texture"),
        edits=options.parse_edits(config.get_property("edits") or ""),
        faces=config.get_property("faces") or "all",
        output=config.get_property("output"),
    )
    Gimp.progress_init(_("RetouchML"))

    def show(stage: str, fraction: float, left: "float | None") -> None:
        Gimp.progress_set_text(messages.remaining(stage, left))
        Gimp.progress_update(job.overall(stage, fraction))

    job.run(drawables[0], wished, show)
    Gimp.progress_end()


def _answer(procedure: Gimp.Procedure, status: Gimp.PDBStatusType, sentence: str = "") -> Gimp.ValueArray:
    return procedure.new_return_values(status, GLib.Error(sentence) if sentence else GLib.Error())

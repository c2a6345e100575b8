"""The texts that the plug-in shows, in English.

Others are in ``retouchml.sliders``, ``retouchml.progress`` and ``retouchml.sentences``.
"""

from collections.abc import Callable


def _untranslated(text: str) -> str:
    return text


translate: Callable[[str], str] = _untranslated
"""Replaced by ``retouchml.translation.translated`` when the plug-in starts."""


def text(english: str) -> str:
    """The text in the user's language, or as it is without a translation."""
    return translate(english)


def sentence(english: str) -> str:
    """The text in the user's language, with a capital letter and a full stop."""
    translation = text(english)
    return f"{translation[:1].upper()}{translation[1:]}."


TITLE = "RetouchML"
ACTION = "Beautify Faces"
EDIT_AGAIN_ACTION = "Edit Result Again"
VIEW_ACTION = "Change View of Preview"
PRESET_ACTION = "Beautify Faces: {preset}"
PRESETS = {
    "natural": "Natural",
    "clean": "Clean",
    "studio": "Studio",
    "strong": "Strong",
    "shape-only": "Shape only",
    "skin-only": "Skin only",
}
"""Titles of the presets that come with RetouchML, which can have shortcuts."""
LAYER = "{document}: {layer}"
MASK_NAME = "Retouched here"

VIEW = "View"
VIEW_TIP = "How the preview shows before and after (V)"
VIEWS = {"split": "Split", "side by side": "Side by side", "one": "One at a time"}
FIT = "Fit"
FIT_TIP = "Show the whole face (0)"
PIXELS = "100 %"
PIXELS_TIP = "Show the picture's own pixels (1)"
PREVIEW = "Preview"
PREVIEW_KEYS = (
    "Arrows move the line, Space changes between before and after, V the view, plus and minus zoom."
)

PRESET_TIP = "A named look: it sets all sliders"
FOLLOWS = "It follows the strength until you move it; the button behind it lets it follow again."
RESET_TIP = "Unset the sliders of this group"
SAME_LOOK_TIP = (
    "Untick it to give each face its own sliders; tick it to give all faces those of the shown one"
)
FACE_TIP = "Ticked ones are retouched, the framed one is shown above."
ALL_TIP, NONE_TIP = "Tick every face", "Tick no face"
LIVE = "Live preview"
LIVE_TIP = "Render the shown face anew as soon as a slider stops"
MASK = "Add a transparency mask"
MASK_TIP = "Paint on the mask to hide parts of the result. A selection becomes the mask."
KEEP_TIP = "Put the result above an earlier one of the same layer, instead of in its place"
BEAUTIFY_TIP = "Retouch the ticked faces onto a layer above"
EDIT_AGAIN = "Edit again"
EDIT_AGAIN_TIP = "Set the sliders and the ticks as they were when this result was made"
IS_RESULT = "The active layer is a result."
HISTORY = "Last results"
HISTORY_TIP = "Set the sliders and the ticks as they were"
FIND = "Find faces"
FIND_TIP = "Look for the faces of the active layer and show a preview"
SETTINGS = "Settings…"
SETTINGS_TIP = "Device, models, cache, language, log"
CLOSE = "Close"
START = "Start"
START_TIP = "Start RetouchML's background program"
FIND_HINT = "Find faces to see a preview,\nor just press Beautify."

DAEMON = {
    "off": "Not running",
    "starting": "Starting…",
    "ready": "Ready",
}
DAEMON_TIP = "The background program on this machine that does the work"
CONNECT = "Connect"
CONNECT_TIP = "Connect to the machine that does the work"
REMOTE = {
    "off": "{name}: not connected",
    "starting": "Connecting to {name}…",
    "ready": "{name}: ready",
}
REMOTE_TIP = "{name} does the work: layers are sent there. The settings say which machine does it."
INSTEAD = "This machine, not {name}"

NO_DOCUMENT = "No picture is open."
NO_LAYER = "No layer is active."
LAYER_DELETED = "The picture was closed, or its layer deleted, so nothing was done."
LAYER_DELETED_ADVICE = ""
NO_MASK = "The result is there, but without its mask: another picture or layer was active."
NO_MASK_ADVICE = "Add one yourself: Layer > Add > Add Transparency Mask."
NONE_TICKED_ADVICE = "Tick one below the preview."
CANCELLED = "Cancelled; nothing was changed."
DONE = "Done: the result is a new layer above."
DONE_IN_PLACE = "Done: the result took the place of the earlier one."
DONE_UNSEEN = "The result is the layer “{}”, but it cannot be seen."
DONE_UNSEEN_ADVICE = "Show it and its group, or move it above what covers it."
NOT_INSTALLED = "RetouchML's own files are missing: {}."
NOT_INSTALLED_ADVICE = "Install the docker again, as you did before, then restart Krita."

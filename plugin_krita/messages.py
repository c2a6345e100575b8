"""Every sentence that the plug-in shows, in English; Qt translates them (context ``RetouchML``)."""

from collections.abc import Callable


def _as_it_is(text: str) -> str:
    return text


translate: Callable[[str], str] = _as_it_is
"""Replaced by Qt's translator when the plug-in starts."""


def text(english: str) -> str:
    """In the user's language, where there is a translation."""
    return translate(english)


TITLE = "RetouchML"
ACTION = "Beautify Faces (RetouchML)"
RESULT_NAME = "{} (retouched)"
MASK_NAME = "Retouched here"

STRENGTH = "Strength"
STRENGTH_TIP = "How much is retouched. 0 leaves the photograph as it is."
TEXTURE = "Texture"
TEXTURE_TIP = "How much of the skin's finest texture stays."
EDITS = "Adjustments"
EDITS_RESET = "Reset"
EDITS_RESET_TIP = "Set all adjustments back to 0"
FACES = "Faces"
FACE_TIP = "Face {}: ticked ones are retouched, the framed one is shown above"
LIVE = "Live preview"
LIVE_TIP = "Render the shown face anew as soon as a slider stops"
MASK = "Add a transparency mask"
MASK_TIP = "Paint on the mask to hide parts of the result. A selection becomes the mask."
BEAUTIFY = "Beautify"
BEAUTIFY_TIP = "Retouch the ticked faces onto a new layer above"
CANCEL = "Cancel"
FIND = "Find faces"
FIND_TIP = "Look for the faces of the active layer and show a preview"
START = "Start"
START_TIP = "Start RetouchML's background program"
BEFORE = "Before"
AFTER = "After"
HINT = "Find faces to see a preview,\nor just press Beautify."

DAEMON = {
    "off": "Not running",
    "starting": "Starting…",
    "ready": "Ready",
}
DAEMON_TIP = "The background program on this machine that does the work"

STAGES = {
    "read": "Reading the layer",
    "connect": "Connecting",
    "send": "Sending the layer",
    "wait": "Waiting for its turn",
    "load": "Loading the models",
    "detect": "Looking for faces",
    "align": "Aligning the face",
    "invert": "Studying the face",
    "beautify": "Finding the way up",
    "masks": "Outlining the face",
    "render": "Retouching",
    "stitch": "Retouching",
    "write": "Writing the layer",
}

REMAINING = "{}, about {} s"

EDIT_NAMES = {
    "smile": "Smile",
    "age": "Age",
    "yaw": "Turn",
    "pitch": "Nod",
    "eyes": "Eyes",
    "mouth": "Mouth",
    "brows": "Brows",
}
EDIT_TIPS = {
    "smile": "Corners of the mouth up, or down",
    "age": "Older, or younger",
    "yaw": "Towards the right of the picture, or the left",
    "pitch": "Chin down, or up",
    "eyes": "Eyes wider, or narrower",
    "mouth": "Mouth open, or closed",
    "brows": "Brows up, or down",
}

NO_DOCUMENT = "No picture is open."
NO_LAYER = "No layer is active."
GONE = "The picture was closed, or its layer deleted, so nothing was done."
GONE_ADVICE = ""
NO_MASK = "The result is there, but without its mask: another picture or layer was active."
NO_MASK_ADVICE = "Add one yourself: Layer > Add > Add Transparency Mask."
NO_FACE = "No face was found on this layer."
NO_FACE_ADVICE = "Crop closer to the person, or turn the picture upright."
NONE_CHOSEN = "No face is ticked."
NONE_CHOSEN_ADVICE = "Tick one below the preview."
NOTHING_CHANGES = "At strength 0 and without adjustments there is nothing to retouch."
NOTHING_CHANGES_ADVICE = "Move a slider."
UNCHANGED = "Nothing would change on the ticked faces, so no layer was added."
UNCHANGED_ADVICE = "Move a slider, or tick another face."
CANCELLED = "Cancelled; nothing was changed."
DONE = "Done: the result is a new layer above."
SURPRISE = "This should not have happened: {}."
SURPRISE_ADVICE = "Please report it. Your picture is unchanged."
NOT_INSTALLED = "RetouchML's own files are missing: {}."
NOT_INSTALLED_ADVICE = "Run `python3 install krita` again, then restart Krita."

"""The texts that several editors show, in English; each plug-in translates them.

A text stands here or in one plug-in, never in two: what is called alike is alike.
"""

PRESET = "Preset"
OWN_VALUES = "Own values"
SAVE_AS = "Save as…"
RENAME = "Rename…"
DELETE = "Delete"
PRESET_NAME = "Name of the preset:"
REPLACE_PRESET = "There is a preset called {title} already. Replace it?"
DELETE_PRESET = "Delete the preset {title}?"
RESET = "Reset"
FACE = "Face {number}"
FACE_HERE = "There is a face here"
MARK_TIP = "For a face that was missed: select it in the picture, then press this"
SELECT_FIRST = "Select the face in the picture first."
FACE_KNOWN = "That face is among them already."
EVERY_FACE = "All"
NOT_ANY_FACE = "None"
BEFORE = "Before"
AFTER = "After"
BEAUTIFY = "Beautify"
RESULT_NAME = "{layer} (retouched)"
KEEP_EARLIER = "Keep earlier results"
SAME_LOOK = "Same look for all faces"
CANCEL = "Cancel"
JOB_UNDER_WAY = "At work: {layer}"
JOB_WAITING = "Waiting: {layer}"
RENDER = "Pixels"
RENDERS = {"photo": "Photograph", "generated": "Generated", "auto": "Automatic"}
"""Titles of the ways to render, by their names."""
RENDER_HELP = (
    "Photograph moves the picture's own pixels, Generated paints new ones, which takes about half a minute "
    "the first time a face is shown, and Automatic does so where a slider is moved far"
)
WORDS = (
    PRESET,
    OWN_VALUES,
    SAVE_AS,
    RENAME,
    DELETE,
    PRESET_NAME,
    REPLACE_PRESET,
    DELETE_PRESET,
    RESET,
    FACE,
    FACE_HERE,
    MARK_TIP,
    SELECT_FIRST,
    FACE_KNOWN,
    EVERY_FACE,
    NOT_ANY_FACE,
    BEFORE,
    AFTER,
    BEAUTIFY,
    RESULT_NAME,
    KEEP_EARLIER,
    SAME_LOOK,
    CANCEL,
    JOB_UNDER_WAY,
    JOB_WAITING,
    RENDER,
    *RENDERS.values(),
    RENDER_HELP,
)


NO_FACE = "No face was found on this layer."
NO_FACE_ADVICE = "Crop closer to the person, or turn the picture upright."
MARK_ADVICE = "If there is one, select it, then press “There is a face here”."
NONE_TICKED = "No face is ticked."
NOTHING_CHANGES = "At strength 0 and without adjustments there is nothing to retouch."
NOTHING_CHANGES_ADVICE = "Move a slider."
UNCHANGED = "Nothing would change on the chosen faces, so no layer was added."
UNCHANGED_ADVICE = "Move a slider, or choose another face."
SELECTION_AWAY = "The selection lies beside the faces, so nothing would change."
SELECTION_AWAY_ADVICE = "Select a face, or take the selection away."
UNEXPECTED_ADVICE = "Please report it. The picture is unchanged."
ALL = (
    *WORDS,
    NO_FACE,
    NO_FACE_ADVICE,
    MARK_ADVICE,
    NONE_TICKED,
    NOTHING_CHANGES,
    NOTHING_CHANGES_ADVICE,
    UNCHANGED,
    UNCHANGED_ADVICE,
    SELECTION_AWAY,
    SELECTION_AWAY_ADVICE,
    UNEXPECTED_ADVICE,
)

"""Lines by which the installer tells a program, such as an editor's plug-in, how far it is.

With `VARIABLE` in its environment, each line that it prints is a JSON object with one of these: ``say`` and
``error``, a sentence each; ``step`` with ``state`` (`BEGUN`, `DONE` or `BROKEN`); ``fetched``, the bytes that
came in this step so far; ``plan``, what will be fetched; ``large``, the bytes of the ordinary build of torch,
where it is the only one that can be had. Other lines are those of programs that it starts.
Standard library only.
"""

import json
import os
from typing import Any

VARIABLE = "RETOUCHML_SETUP_REPORTS"
CONNECTOR_STEP = "what connects to another machine"
"""The only step of the action ``connector``."""
BEGUN, DONE, BROKEN = "begun", "done", "broken"
_KINDS = ("say", "error", "step", "fetched", "plan", "large")


def are_wanted() -> bool:
    """Whether a program that reads them started this one."""
    return bool(os.environ.get(VARIABLE))


def line(**fields: Any) -> str:
    """A report as a line without its end."""
    return json.dumps(fields)


def parse(text: str) -> dict[str, Any]:
    """The fields of a report; a line of another program becomes one of ``say``."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    is_report = isinstance(fields, dict) and any(kind in fields for kind in _KINDS)
    return fields if is_report else {"say": text.rstrip()}

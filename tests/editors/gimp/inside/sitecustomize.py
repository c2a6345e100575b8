"""Lets tests look into the filter's dialog: Python loads this in each of GIMP's plug-ins, by PYTHONPATH.

In the filter's process a thread answers on a socket of its own: ``RETOUCHML_DRIVER`` with the process's
number behind it. What it gets is run in the main loop, beside the dialog. Never imported.
"""

# mypy: ignore-errors

import json
import os
import socket
import struct
import sys
import threading
import time
import traceback
from pathlib import Path

_PATIENCE = 60.0  # seconds in which the main loop takes a piece of source


def _widgets(top=None):
    """All visible widgets of the process, or those in one, from the left and the top."""
    from gi.repository import Gtk

    tops = [each for each in Gtk.Window.list_toplevels() if each.get_mapped()] if top is None else [top]
    for each in tops:
        yield each
        if isinstance(each, Gtk.Container):
            children = []
            each.forall(children.append)
            for child in children:
                if child.get_mapped():
                    yield from _widgets(child)


def _every(top=None):
    """All widgets of the process, also those in folds."""
    from gi.repository import Gtk

    for each in Gtk.Window.list_toplevels() if top is None else [top]:
        yield each
        if isinstance(each, Gtk.Container):
            children = []
            each.forall(children.append)
            for child in children:
                yield from _every(child)


def _name(widget):
    """What a screen reader would say."""
    accessible = widget.get_accessible()
    return (accessible and accessible.get_name()) or ""


def _place(widget):
    """The middle of a widget in the pixels of its window."""
    top = widget.get_toplevel()
    x, y = widget.translate_coordinates(
        top, widget.get_allocated_width() // 2, widget.get_allocated_height() // 2
    )
    return [x * top.get_scale_factor(), y * top.get_scale_factor()]


def _box(widget):
    """Left, top, right and bottom of a widget in the pixels of its window."""
    top, factor = widget.get_toplevel(), widget.get_scale_factor()
    x, y = widget.translate_coordinates(top, 0, 0)
    width, height = widget.get_allocated_width(), widget.get_allocated_height()
    return [factor * each for each in (x, y, x + width, y + height)]


def _named(name):
    """The widgets in sight that are called so, the innermost last."""
    found = [widget for widget in _widgets() if _name(widget).replace("_", "") == name]
    return [widget for widget in found if widget.get_allocated_width() > 1]  # a folded one has no size


def _serve():
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{os.environ['RETOUCHML_DRIVER']}.{os.getpid()}")
        listener.listen()
        while True:
            connection, _address = listener.accept()
            with connection:
                (length,) = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))
                source = connection.recv(length, socket.MSG_WAITALL).decode()
                reply = json.dumps(_in_main_loop(source)).encode()
                connection.sendall(struct.pack("<I", len(reply)) + reply)


def _in_main_loop(source):
    from gi.repository import GLib

    reply, done = {}, threading.Event()

    def run():
        names = {"widgets": _widgets, "name": _name, "place": _place, "box": _box, "named": _named}
        names |= {"kept": _kept, "time": time, "every": _every}
        try:
            exec(compile(source, "test", "exec"), names)
            reply["answer"] = names.get("answer")
        except BaseException:
            reply["error"] = traceback.format_exc()
        done.set()
        return False

    GLib.idle_add(run)
    if not done.wait(_PATIENCE):
        return {"error": "the main loop does not turn"}
    return reply


_kept = {}  # for a test's values, from one piece of source to the next

if any("retouchml-beautify.py" in each for each in sys.orig_argv):
    if os.environ.get("RETOUCHML_INSIDE"):  # a benchmark's own part
        _file = Path(os.environ["RETOUCHML_INSIDE"])
        exec(compile(_file.read_text(encoding="utf-8"), str(_file), "exec"), _kept)
    threading.Thread(target=_serve, daemon=True, name="test-driver").start()

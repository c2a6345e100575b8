"""Notes when GIMP's dialog of the filter is drawn and when it gets patches. Runs in the filter's own process.

``tests/editors/gimp/inside/sitecustomize.py`` runs it there; ``benchmarks.gimp`` reads its ``events``. Never
imported.
"""

# mypy: ignore-errors

import sys
import threading
import time
from importlib.machinery import PathFinder
from pathlib import Path

events = {"start": time.monotonic(), "paints": [], "patches": [], "gaps": []}
_PULSE_MS = 2
_STALL = 0.02  # seconds; shorter gaps are not kept


def _waited() -> float:
    """Seconds in which the main thread could have run and others had the processor."""
    return int(Path("/proc/self/task", str(_main), "schedstat").read_text().split()[1]) / 1e9


class _Finder:
    """Finds the dialog's module and notes what is asked of it before anybody uses it."""

    @staticmethod
    def find_spec(name, path, _target=None):
        if name != "plugin_gimp.dialog":
            return None
        spec = PathFinder.find_spec(name, path)
        loads = spec.loader.exec_module

        def load(module):
            loads(module)
            _hook(module.Dialog)

        spec.loader.exec_module = load
        return spec


def _hook(Dialog) -> None:
    from gi.repository import GLib

    shows, runs = Dialog._on_patches, Dialog.run
    last = [time.monotonic(), time.thread_time(), 0.0]

    def on_patches(self, looks, is_full, patches, reports):
        is_wanted = looks is self._requested
        shows(self, looks, is_full, patches, reports)
        if is_wanted:
            events["patches"].append([time.monotonic(), is_full, [patch.face for patch in patches]])

    def pulse():
        now, own, others = time.monotonic(), time.thread_time(), _waited()
        if now - last[0] > _STALL:
            events["gaps"].append([now, now - last[0], own - last[1], others - last[2]])
        last[:] = now, own, others
        return True

    def run(self):
        top = self._window.dialog
        top.connect("realize", watch)
        if top.get_realized():
            watch(top)
        last[:] = time.monotonic(), time.thread_time(), _waited()
        GLib.timeout_add(_PULSE_MS, pulse)
        runs(self)

    def watch(top):
        top.get_frame_clock().connect("after-paint", lambda _: events["paints"].append(time.monotonic()))

    Dialog._on_patches, Dialog.run = on_patches, run


_main = threading.get_native_id()
sys.meta_path.insert(0, _Finder)

"""Loads modules in a thread while GEGL and GTK begin in the main one, so that the dialog is there sooner.

GEGL and GTK compute without Python then. Only modules that use neither may be loaded here.
"""

import contextlib
import importlib
import threading

_MODULES = (
    "retouchml.client.machines_page",
    "retouchml.client.photo_session",
    "retouchml.client.zmq_transport",
    "retouchml.client.welcome_page",
    "retouchml.result_history",
    "retouchml.look_words",
)


def begin() -> None:
    """Start the thread. Whoever imports one of these meanwhile waits until it is loaded."""
    threading.Thread(target=_load, daemon=True, name="retouchml-preloading").start()


def _load() -> None:
    for name in _MODULES:
        with contextlib.suppress(Exception):  # whoever needs it sees the error
            importlib.import_module(name)

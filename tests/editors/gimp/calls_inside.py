"""Notes which of GIMP's functions the filter calls in which thread. Runs in the filter's own process.

``inside/sitecustomize.py`` runs it there. The list is written beside the test's driver. Never imported.
"""

# mypy: ignore-errors

import os
import sys
import threading
from importlib.machinery import PathFinder
from pathlib import Path

from gi._gi import FunctionInfo

_FILE = f"{os.environ['RETOUCHML_DRIVER']}.calls"
_noted = set()


def _note(name):
    thread = "main" if threading.current_thread() is threading.main_thread() else "other"
    if (thread, name) not in _noted:
        _noted.add((thread, name))
        with Path(_FILE).open("a") as file:
            print(thread, name, file=file)


def _noting(name, function):
    def call(*arguments, **options):
        _note(name)
        return function(*arguments, **options)

    return call


class _Noting:
    """GIMP's module, whose functions and classes' functions note their calls."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        value = getattr(self._module, name)
        if isinstance(value, FunctionInfo):
            value = _noting(name, value)
        setattr(self, name, value)
        return value


def _watch_methods(owner):
    for name, value in list(vars(owner).items()):
        if isinstance(value, FunctionInfo) and not value.is_constructor():
            noting = _noting(f"{owner.__name__}.{name}", value)
            setattr(owner, name, noting if value.is_method() else staticmethod(noting))


class _Finder:
    """Watches GIMP's functions before the first module of the plug-in that calls them is loaded."""

    @staticmethod
    def find_spec(name, _path, _target=None):
        if name == "plugin_gimp.procedure":
            sys.meta_path.remove(_Finder)
            import gi.repository
            from gi.repository import Gegl, Gimp

            kinds = (Gimp.Image, Gimp.Item, Gimp.Drawable, Gimp.Layer, Gimp.ProcedureConfig, Gimp.Selection)
            for owner in (*kinds, Gegl.Buffer):
                _watch_methods(owner)
            gi.repository.Gimp = sys.modules["gi.repository.Gimp"] = _Noting(Gimp)
            return PathFinder.find_spec(name, _path)
        return None


sys.meta_path.insert(0, _Finder)

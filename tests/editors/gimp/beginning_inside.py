"""Notes in which order the filter draws, reads and asks when it begins. Runs in the filter's own process.

``inside/sitecustomize.py`` runs it there; ``test_beginning.py`` reads its ``order``. Never imported.
"""

# mypy: ignore-errors

import sys
from importlib.machinery import PathFinder

order = []


def _noting(owner, function, name):
    calls = getattr(owner, function)

    def noting(*arguments, **options):
        order.append(name)
        return calls(*arguments, **options)

    setattr(owner, function, noting)


class _Finder:
    """Finds the dialog's module and notes what is asked of it before anybody uses it."""

    @staticmethod
    def find_spec(name, path, _target=None):
        if name != "plugin_gimp.dialog":
            return None
        sys.meta_path.remove(_Finder)
        spec = PathFinder.find_spec(name, path)
        loads = spec.loader.exec_module

        def load(module):
            loads(module)
            _watch(module)

        spec.loader.exec_module = load
        return spec


def _watch(module) -> None:
    from plugin_gimp.face_row import FaceRow

    _noting(module.layer_pixels, "get", "pixels read")
    _noting(module.BackgroundSession, "render", "looks requested")
    _noting(FaceRow, "fill", "faces shown")
    begins = module.Dialog.run

    def watch(top):
        top.get_frame_clock().connect("after-paint", lambda _: order.append("drawn"))

    def run(dialog):
        top = dialog._window.dialog
        top.connect("realize", watch)
        if top.get_realized():
            watch(top)
        begins(dialog)

    module.Dialog.run = run


sys.meta_path.insert(0, _Finder)

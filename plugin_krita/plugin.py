"""Registers the docker and the action with Krita, or a docker that says what is missing."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from . import texts
from .event_loop import guard
from .widgets.qt import QtCore, QtWidgets

DOCKER = "retouchml_docker"
NAME = "retouchml"
ACTION = f"{NAME}_beautify"
MENU = f"{NAME}_menu"
HERE = Path(__file__).resolve().parent


def register() -> None:
    """Add the docker and the action; called once, when Krita loads the plug-in."""
    app = Krita.instance()
    position = DockWidgetFactoryBase.DockRight
    app.addDockWidgetFactory(DockWidgetFactory(DOCKER, position, _docker_class()))
    app.addExtension(Actions(app))


def _docker_class() -> Any:
    try:
        _import_client()
        from .widgets.docker import Docker
    except ImportError as error:
        sentence = texts.text(texts.NOT_INSTALLED).format(error)
        return type("Missing", (MissingDocker,), {"sentence": sentence})
    return Docker


def _import_client() -> None:
    """Import the client beside this file; ``sys.path``, which all plug-ins share, stays as it is."""
    sys.path.insert(0, str(HERE))
    try:
        from retouchml import translation
        from retouchml.client import vendored
    finally:
        sys.path.remove(str(HERE))
    vendored.use(HERE / "vendor")
    translation.begin(editor=QtCore.QLocale().name())  # the one that is set in Krita
    texts.translate = translation.translated


class MissingDocker(DockWidget):
    """A docker that says which files are missing and what to do."""

    sentence = ""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(texts.TITLE)
        self.beautify = self.edit_again = self.change_view = lambda *_: None
        label = QtWidgets.QLabel(f"{self.sentence}\n\n{texts.text(texts.NOT_INSTALLED_ADVICE)}")
        label.setWordWrap(True)
        label.setMargin(12)
        self.setWidget(label)

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Do nothing; Krita requires the method."""


class Actions(Extension):
    """Tools > Scripts > RetouchML; each entry can have a shortcut."""

    def setup(self) -> None:
        """Do nothing; Krita requires the method."""

    def createActions(self, window: Any) -> None:  # noqa: N802 (Krita's name)
        """Add the actions to a window."""
        menu = QtWidgets.QMenu(MENU, window.qwindow())
        window.createAction(MENU, texts.TITLE, "tools/scripts").setMenu(menu)
        entries: list[tuple[str, str, Callable[[Any], None]]] = [
            (ACTION, texts.ACTION, lambda docker: docker.beautify()),
            (f"{NAME}_edit_again", texts.EDIT_AGAIN_ACTION, lambda docker: docker.edit_again()),
            (f"{NAME}_view", texts.VIEW_ACTION, lambda docker: docker.change_view()),
        ]
        for name, title in texts.PRESETS.items():
            label = texts.text(texts.PRESET_ACTION).format(preset=texts.text(title))
            entries.append((f"{NAME}_preset_{name}", label, partial(_beautify, name)))
        for name, label, function in entries:
            action = window.createAction(name, texts.text(label), f"tools/scripts/{MENU}")
            action.triggered.connect(guard(partial(_call, function)))


def _call(function: Callable[[Any], None], *_: Any) -> None:
    function(_shown_docker())


def _beautify(preset: str, docker: Any) -> None:
    docker.beautify(preset)


def _shown_docker() -> Any:
    """The docker of the active window, brought to the front.

    Krita 5.1 knows the dockers of all windows only.
    """
    window = Krita.instance().activeWindow().qwindow()
    dockers = [each for each in Krita.instance().dockers() if each.objectName() == DOCKER]
    docker = next((each for each in dockers if each.window() == window), dockers[0])
    docker.setVisible(True)
    docker.raise_()
    return docker

"""Registers the docker and the action with Krita, or a docker that says what is missing."""

import sys
from pathlib import Path
from typing import Any

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from . import texts
from .event_loop import guard
from .widgets.qt import QtCore, QtWidgets

DOCKER = "retouchml_docker"
ACTION = "retouchml_beautify"
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
        label = QtWidgets.QLabel(f"{self.sentence}\n\n{texts.text(texts.NOT_INSTALLED_ADVICE)}")
        label.setWordWrap(True)
        label.setMargin(12)
        self.setWidget(label)

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Do nothing; Krita requires the method."""


class Actions(Extension):
    """Tools > Scripts > Beautify Faces, which can have a shortcut."""

    def setup(self) -> None:
        """Do nothing; Krita requires the method."""

    def createActions(self, window: Any) -> None:  # noqa: N802 (Krita's name)
        """Add the action to a window."""
        action = window.createAction(ACTION, texts.text(texts.ACTION), "tools/scripts")
        action.triggered.connect(guard(lambda *_: self._beautify(window)))

    def _beautify(self, window: Any) -> None:
        for docker in window.dockers():
            if docker.objectName() == DOCKER and hasattr(docker, "beautify"):
                docker.setVisible(True)
                docker.raise_()
                docker.beautify()

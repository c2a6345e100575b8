"""Registers the docker and the action with Krita, or, where something is missing, a docker that says so."""

import sys
from pathlib import Path
from typing import Any

from krita import DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita

from . import messages
from .loop import guard
from .qt import QtCore, QtWidgets

DOCKER = "retouchml_docker"
ACTION = "retouchml_beautify"
HERE = Path(__file__).resolve().parent


def register() -> None:
    """Called once, when Krita loads the plug-in."""
    messages.translate = lambda text: QtCore.QCoreApplication.translate("RetouchML", text)
    app = Krita.instance()
    position = DockWidgetFactoryBase.DockRight
    app.addDockWidgetFactory(DockWidgetFactory(DOCKER, position, _docker()))
    app.addExtension(Actions(app))


def _docker() -> Any:
    try:
        _find_client()
        from .docker import Docker
    except ImportError as error:
        sentence = messages.text(messages.NOT_INSTALLED).format(error)
        return type("Missing", (MissingDocker,), {"sentence": sentence})
    return Docker


def _find_client() -> None:
    """Import the client that lies beside this file; ``sys.path`` belongs to all plug-ins and is as before."""
    sys.path.insert(0, str(HERE))
    try:
        from retouchml.client import vendored
    finally:
        sys.path.remove(str(HERE))
    vendored.use(HERE / "vendor")


class MissingDocker(DockWidget):
    """Says what is missing and what to do."""

    sentence = ""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(messages.TITLE)
        label = QtWidgets.QLabel(f"{self.sentence}\n\n{messages.text(messages.NOT_INSTALLED_ADVICE)}")
        label.setWordWrap(True)
        label.setMargin(12)
        self.setWidget(label)

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Nothing to follow."""


class Actions(Extension):
    """Tools > Scripts > Beautify Faces, which can have a shortcut."""

    def setup(self) -> None:
        """Nothing before there is a window."""

    def createActions(self, window: Any) -> None:  # noqa: N802 (Krita's name)
        """One action in each window."""
        action = window.createAction(ACTION, messages.text(messages.ACTION), "tools/scripts")
        action.triggered.connect(guard(lambda *_: self._beautify(window)))

    def _beautify(self, window: Any) -> None:
        for docker in window.dockers():
            if docker.objectName() == DOCKER and hasattr(docker, "beautify"):
                docker.setVisible(True)
                docker.raise_()
                docker.beautify()

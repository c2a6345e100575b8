"""The docker: widgets and their places. What they do is the controller's, what they show is a ``View``."""

import json
from dataclasses import replace
from typing import Any

from krita import DockWidget, Krita

from . import messages
from .connection import make_client
from .controller import Controller
from .face_strip import FaceStrip
from .loop import guard
from .panels import Adjustments, DaemonLine, NoticeLine, Work
from .previewing import PreviewWidget
from .qt import QtCore, QtWidgets
from .qt_loop import QtLoop
from .sliders import SliderRow
from .state import DEFAULT_STRENGTH, DEFAULT_TEXTURE, Settings, View

_GROUP, _KEY = "RetouchML", "settings"
_text = messages.text


class Docker(DockWidget):
    """One for each window of Krita's."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(messages.TITLE)
        self._view: View | None = None
        self._controller = Controller(QtLoop(self), make_client, _stored(), guard(self._show))
        guard.report = self._controller.report
        self._build()
        self.visibilityChanged.connect(guard(self._seen))
        QtCore.QCoreApplication.instance().aboutToQuit.connect(guard(self._controller.close))
        self._show(View(settings=self._controller.settings))

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Another document, or none."""
        if self._view is not None and self.isVisible():
            guard(self._controller.look_around)()

    def beautify(self) -> None:
        """As the button does; for the action."""
        self._controller.beautify()

    def _build(self) -> None:
        control = self._controller
        self._layer = QtWidgets.QLabel()
        self._layer.setEnabled(False)
        self._preview = PreviewWidget()
        self._find = QtWidgets.QPushButton(_text(messages.FIND), self._preview)
        self._hint = QtWidgets.QLabel(_text(messages.HINT), self._preview)
        self._faces = FaceStrip(control.choose, control.show_face)
        self._strength = SliderRow(
            _text(messages.STRENGTH),
            _text(messages.STRENGTH_TIP),
            0.0,
            DEFAULT_STRENGTH,
            lambda value: self._change(strength=value),
            "strength",
        )
        self._texture = SliderRow(
            _text(messages.TEXTURE),
            _text(messages.TEXTURE_TIP),
            0.0,
            DEFAULT_TEXTURE,
            lambda value: self._change(texture=value),
            "texture",
        )
        self._adjustments = Adjustments(lambda edits: self._change(edits=edits))
        self._live = _tick(messages.LIVE, messages.LIVE_TIP, lambda on: self._change(live=bool(on)), "live")
        self._mask = _tick(messages.MASK, messages.MASK_TIP, lambda on: self._change(mask=bool(on)), "mask")
        self._work = Work(control.beautify, control.cancel)
        self._notice = NoticeLine()
        self._daemon = DaemonLine(control.start_daemon)
        self._find.setObjectName("find")
        self._find.setToolTip(_text(messages.FIND_TIP))
        self._find.clicked.connect(guard(lambda *_: control.find_faces()))
        self._hint.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._hint.setEnabled(False)
        self._hint.setWordWrap(True)
        middle = QtWidgets.QVBoxLayout(self._preview)
        middle.addStretch(1)
        middle.addWidget(self._find, 0, QtCore.Qt.AlignmentFlag.AlignHCenter)
        middle.addWidget(self._hint)
        middle.addStretch(1)
        self._place()

    def _place(self) -> None:
        body = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(body)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(7)
        for part in (
            self._layer,
            self._preview,
            self._faces,
            self._strength,
            self._texture,
            self._adjustments,
            self._live,
            self._mask,
        ):
            column.addWidget(part)
        column.addStretch(1)
        scroll = QtWidgets.QScrollArea()
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(body)
        foot = QtWidgets.QVBoxLayout()
        foot.setContentsMargins(8, 0, 8, 6)
        foot.setSpacing(6)
        for part in (self._work, self._notice, self._daemon):
            foot.addWidget(part)
        whole = QtWidgets.QWidget()
        both = QtWidgets.QVBoxLayout(whole)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(0)
        both.addWidget(scroll, 1)
        both.addLayout(foot)
        whole.setMinimumWidth(200)
        self.setWidget(whole)

    def _change(self, **changes: Any) -> None:
        settings = replace(self._controller.settings, **changes)
        self._controller.change(settings)
        _store(settings)

    def _seen(self, visible: Any) -> None:
        if visible:
            self._controller.wake()
        else:
            self._controller.sleep()

    def _show(self, view: View) -> None:
        if view == self._view:
            return
        self._view = view
        self._layer.setText(view.layer or view.missing)
        self._preview.show_preview(view.preview)
        looked = view.preview is not None
        self._find.setVisible(not looked)
        self._hint.setVisible(not looked)
        self._find.setEnabled(view.can_work)
        self._faces.setVisible(bool(view.faces))
        self._faces.show_faces(view.faces or ())
        self._strength.show_value(view.settings.strength)
        self._texture.show_value(view.settings.texture)
        self._adjustments.show_edits(view.edits, view.settings.edits)
        self._live.setChecked(view.settings.live)
        self._mask.setChecked(view.settings.mask)
        self._work.show_job(view)
        self._notice.show_notice(view.notice)
        self._daemon.show_daemon(view.daemon, view.device)


def _tick(label: str, tip: str, moved: Any, name: str) -> QtWidgets.QCheckBox:
    box = QtWidgets.QCheckBox(_text(label))
    box.setObjectName(name)
    box.setToolTip(_text(tip))
    box.clicked.connect(guard(moved))
    return box


def _stored() -> Settings:
    """The settings of last time; the adjustments begin at 0. What makes no sense is left at its default."""
    try:
        stored = json.loads(Krita.instance().readSetting(_GROUP, _KEY, "{}"))
        settings = Settings(
            strength=min(1.0, max(0.0, float(stored["strength"]))),
            texture=min(1.0, max(0.0, float(stored["texture"]))),
            live=bool(stored["live"]),
            mask=bool(stored["mask"]),
        )
    except (ValueError, KeyError, TypeError):
        return Settings()
    return settings


def _store(settings: Settings) -> None:
    kept = {name: getattr(settings, name) for name in ("strength", "texture", "live", "mask")}
    Krita.instance().writeSetting(_GROUP, _KEY, json.dumps(kept))

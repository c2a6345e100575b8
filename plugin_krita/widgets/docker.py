"""The docker: its widgets and their places. ``controller`` decides what they do and show."""

from dataclasses import replace
from typing import Any

from krita import DockWidget, Krita

from retouchml import sentences
from retouchml.client import settings_page, welcome_reason
from retouchml.client.welcome_reason import Reason
from retouchml.presets import library
from retouchml.sliders import GROUPS

from .. import texts
from ..connection import make_client
from ..controller import Controller
from ..event_loop import guard
from ..view_state import UserSettings, View
from .face_strip import FaceStrip
from .history_strip import HistoryStrip
from .job_list import JobList
from .keyboard import FocusOrder, give_keys
from .look_panel import LookPanel
from .mark_button import MarkButton
from .panels import DaemonLine, NoticeLine, ResultLine, ScoreLine, TaskPanel
from .preview import PreviewActions, PreviewWidget
from .preview_bar import PreviewBar
from .qt import QtCore, QtWidgets
from .qt_event_loop import QtEventLoop
from .settings_dialog import SettingsDialog
from .welcome import WelcomeWidget
from .welcome import close as close_welcome

_LEAST_SLIDERS = 84  # pixels: the preset and the strength
_ONE_SLIDER = 36
_SHARES = [560, 440]  # of the height, for the preview and the sliders at first
_WITH_KEYS = (
    *("beautify", "cancel", "find", "edit_again", "mark", "all", "none", "start", "connect"),
    *("keep", "live", "mask", "same"),
    *(f"fold_{group.name.replace(' ', '_')}" for group in GROUPS),
)
"""Names of the buttons that get a letter each, the most used ones first."""
_GROUP, _KEY = "RetouchML", "settings"
_text = texts.text


class Docker(DockWidget):
    """The docker of one of Krita's windows."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(texts.TITLE)
        self._view: View | None = None
        settings = UserSettings.from_json(Krita.instance().readSetting(_GROUP, _KEY, "{}"))
        self._controller = Controller(QtEventLoop(self), make_client, settings, guard(self._show))
        guard.report = self._controller.report
        self._welcome: WelcomeWidget | None = None
        self._build()
        self.visibilityChanged.connect(guard(self._on_visibility))
        for close in (self._controller.close, close_welcome):
            QtCore.QCoreApplication.instance().aboutToQuit.connect(guard(close))
        self._show(View(settings=self._controller.settings))

    def canvasChanged(self, _canvas: Any) -> None:  # noqa: N802 (Krita's name)
        """Follow Krita to another document, or to none."""
        if self._view is not None and self.isVisible() and self._welcome is None:
            guard(self._controller.update)()

    def beautify(self, preset: str = "") -> None:
        """Do what the button does, with a preset if one is named. Raises UsageError."""
        if self._welcome is not None:  # it is in sight now, and says what is missing
            return
        if preset:
            self._change(look=library.preset(preset).look)
            self._controller.share_look(True)
        self._controller.beautify()

    def edit_again(self) -> None:
        """Do what the button does."""
        if self._welcome is None:
            self._controller.edit_again()

    def change_view(self) -> None:
        """Show the preview in the next way."""
        self._preview.change_view()

    def _build(self) -> None:
        controller = self._controller
        self._preview = PreviewWidget(
            PreviewActions(
                controller.preview_view.zoom,
                controller.preview_view.set_scale,
                controller.preview_view.move,
                controller.preview_view.resize,
            )
        )
        self._bar = PreviewBar(self._preview.set_view, controller.preview_view.set_scale)
        self._preview.on_view = self._bar.show_view
        self._bar.show_view(self._preview.view)
        self._find = QtWidgets.QPushButton(_text(texts.FIND), self._preview)
        self._hint = QtWidgets.QLabel(_text(texts.FIND_HINT), self._preview)
        self._mark = MarkButton()
        self._mark.clicked.connect(guard(lambda *_: controller.mark_face()))
        self._faces = FaceStrip(controller.tick_face, controller.show_face, self._mark)
        self._score = ScoreLine()
        self._every = QtWidgets.QWidget()
        every = QtWidgets.QVBoxLayout(self._every)
        every.setContentsMargins(0, 0, 0, 0)
        every.setSpacing(2)
        for label, ticked, name in (
            (sentences.EVERY_FACE, True, "all"),
            (sentences.NOT_ANY_FACE, False, "none"),
        ):
            button = QtWidgets.QToolButton()
            button.setObjectName(name)
            button.setText(_text(label))
            button.setToolTip(_text(texts.ALL_TIP if ticked else texts.NONE_TIP))
            button.clicked.connect(guard(lambda *_, ticked=ticked: controller.tick_every_face(ticked)))
            every.addWidget(button)
        self._look = LookPanel(
            controller.settings.look, lambda look: self._change(look=look), controller.tell
        )
        self._same = _check_box(
            sentences.SAME_LOOK, texts.SAME_LOOK_TIP, lambda on: controller.share_look(bool(on)), "same"
        )
        self._live = _check_box(texts.LIVE, texts.LIVE_TIP, lambda on: self._change(live=bool(on)), "live")
        self._mask = _check_box(texts.MASK, texts.MASK_TIP, lambda on: self._change(mask=bool(on)), "mask")
        self._keep = _check_box(
            sentences.KEEP_EARLIER, texts.KEEP_TIP, lambda on: self._change(keep=bool(on)), "keep"
        )
        self._edit_again = ResultLine(controller.edit_again)
        self._task = TaskPanel(controller.beautify, controller.cancel)
        self._notice = NoticeLine()
        self._jobs = JobList(controller.cancel_job)
        self._history = HistoryStrip(controller.bring_back)
        self._daemon = DaemonLine(controller.start_daemon, self._open_settings)
        self._find.setObjectName("find")
        self._find.setToolTip(_text(texts.FIND_TIP))
        self._find.clicked.connect(guard(lambda *_: controller.find_faces()))
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
        top, body, faces = QtWidgets.QWidget(), QtWidgets.QWidget(), QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(faces)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._faces, 1)
        row.addWidget(self._every)
        for whole_part, parts in (
            (top, (self._bar, self._edit_again, self._preview, self._score, faces)),
            (body, (self._look, self._same, self._live, self._mask, self._keep, self._history)),
        ):
            column = QtWidgets.QVBoxLayout(whole_part)
            column.setContentsMargins(8, 6, 8, 6)
            column.setSpacing(7)
            for part in parts:
                column.addWidget(part, 1 if part is self._preview else 0)
        column.addStretch(1)
        self._sliders = scroll = QtWidgets.QScrollArea()
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # the keys are for what is in it
        scroll.setMinimumHeight(_LEAST_SLIDERS)
        scroll.setWidget(body)
        # preview and sliders are both in sight, however low the docker is; the user moves the line between
        splitter = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        splitter.setObjectName("splitter")
        splitter.setChildrenCollapsible(False)
        for widget, stretch in ((top, 1), (scroll, 1)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        splitter.setSizes(_SHARES)
        foot = QtWidgets.QVBoxLayout()
        foot.setContentsMargins(8, 0, 8, 6)
        foot.setSpacing(6)
        # a notice comes above the button, which so stays below the mouse
        for part in (self._jobs, self._notice, self._task, self._daemon):
            foot.addWidget(part)
        self._whole = whole = FocusOrder()
        both = QtWidgets.QVBoxLayout(whole)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(0)
        both.addWidget(splitter, 1)
        both.addLayout(foot)
        self._pages = QtWidgets.QStackedWidget()
        self._pages.setMinimumWidth(200)
        self._pages.addWidget(whole)
        reason = welcome_reason.find()
        if reason is not None:
            self._show_welcome(reason)
        self.setWidget(self._pages)
        whole.parts = (  # as they are seen
            *(self._bar, self._edit_again, self._preview, self._faces, self._every),
            *(self._look, self._same, self._live, self._mask, self._keep, self._history),
            *(self._jobs, self._notice, self._task, self._daemon),
        )
        whole.order()

    def _show_welcome(self, reason: Reason) -> None:
        self._welcome = WelcomeWidget(QtEventLoop(self), reason, self._end_welcome)
        self._pages.setCurrentIndex(self._pages.addWidget(self._welcome))

    def _set_up_again(self) -> None:
        """Show the page in place of the normal face: somebody asked for it."""
        if self._welcome is None:
            self._controller.stop_updates()
            self._show_welcome(welcome_reason.asked())
            self.setVisible(True)
            self._on_visibility(True)

    def _end_welcome(self) -> None:
        """Show the normal face: the engine is there."""
        welcome, self._welcome = self._welcome, None
        if welcome is not None:
            self._pages.removeWidget(welcome)
            welcome.deleteLater()
        self._controller.change_machine()  # the page may have chosen another one
        if self.isVisible():
            self._on_visibility(True)

    def _open_settings(self) -> None:
        dialog = self.findChild(SettingsDialog)
        if dialog is None:
            dialog = SettingsDialog(
                self,
                QtEventLoop(self),
                on_machine=self._controller.change_machine,
                on_scores=self._controller.show_scores,
                on_set_up=self._set_up_again,
            )
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _change(self, **changes: Any) -> None:
        settings = replace(self._controller.settings, **changes)
        self._controller.change_settings(settings)
        Krita.instance().writeSetting(_GROUP, _KEY, settings.to_json())

    def _on_visibility(self, visible: Any) -> None:
        if visible and self._welcome is not None:
            self._welcome.begin()
        elif visible:
            found = (self.findChild(QtWidgets.QAbstractButton, name) for name in _WITH_KEYS)
            give_keys([button for button in found if button is not None], self.window())
            self._look.read_presets()
            self._controller.show_scores(settings_page.shows_scores())
            self._controller.start_updates()
        else:
            self._controller.stop_updates()

    def _show(self, view: View) -> None:
        if view == self._view:
            return
        self._view = view
        self._bar.show_layer(view.title or view.missing, is_previewed=view.preview is not None)
        self._same.setVisible(len(view.faces or ()) > 1)
        self._same.setChecked(view.is_look_shared)
        self._preview.show_preview(view.preview)
        for widget in (self._find, self._hint):
            widget.setVisible(view.preview is None)
        self._find.setEnabled(view.can_find)
        self._faces.setVisible(view.faces is not None)
        self._mark.setEnabled(view.can_find)
        self._every.setVisible(len(view.faces or ()) > 1)
        self._look.show_look(view.settings.look)
        self._live.setChecked(view.settings.live)
        self._mask.setChecked(view.settings.mask)
        self._keep.setChecked(view.settings.keep)
        self._edit_again.setVisible(view.is_result)
        self._edit_again.setEnabled(view.can_find)
        self._task.show_task(view)
        self._notice.show_notice(view.notice)
        self._score.show_words(view.score)
        has_new = [
            self._faces.show_faces(view.faces or ()),
            self._jobs.show_jobs(view.jobs),
            self._history.show_past(view.history),
        ]
        if any(has_new):
            self._whole.order()
        self._daemon.show_daemon(view)
        # what comes beside them may take their place: a low screen must hold Krita's window
        is_crowded = bool(view.notice or view.jobs or view.is_result or view.score)
        self._preview.set_crowded(is_crowded)
        self._sliders.setMinimumHeight(_ONE_SLIDER if is_crowded else _LEAST_SLIDERS)


def _check_box(label: str, tip: str, on_click: Any, name: str) -> QtWidgets.QCheckBox:
    box = QtWidgets.QCheckBox(_text(label))
    box.setObjectName(name)
    box.setToolTip(_text(tip))
    box.clicked.connect(guard(on_click))
    return box

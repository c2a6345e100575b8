"""The tests' helpers inside Krita: the driver runs them there. Never imported."""

# ruff: noqa: F401, F821
# mypy: ignore-errors

import time

from krita import Krita, Selection
from PyQt5.QtCore import QEvent, QObject, QPoint, QTimer
from PyQt5.QtWidgets import QApplication, QWidget

FRAMES = ("KisLayerBox", "retouchml_docker")


recorded_keys = []


class KeyRecorder(QObject):
    """Notes the letters that come to any window of Krita, whichever widget gets them then."""

    def eventFilter(self, receiver, event):  # noqa: N802 (Qt's name)
        if receiver.isWindowType() and event.type() == QEvent.Type.KeyPress and event.text().isprintable():
            recorded_keys.append(event.text())
        return False


key_recorder = KeyRecorder()


def record_keys(wanted=True):
    """Note the letters that come in ``recorded_keys``, or no longer."""
    if wanted:
        QApplication.instance().installEventFilter(key_recorder)
    else:
        QApplication.instance().removeEventFilter(key_recorder)


def docker():
    return next(each for each in app.dockers() if each.objectName() == "retouchml_docker")


def arrange(width=1280, height=880):
    """A window as large as the screen, with the layers and our docker alone at its side."""
    app.activeWindow().qwindow().setGeometry(0, 0, width, height)
    for each in app.dockers():
        if each.isVisible() and each.objectName() not in (*FRAMES, "ToolBox"):
            each.setVisible(False)
        if each.objectName() == "retouchml_docker":  # there is none before the import of a zip
            each.setVisible(True)
            each.raise_()


def widget(name):
    return next(each for each in docker().findChildren(QWidget, name))


def place_of(name, across, down):
    target = widget(name)
    for area in docker().findChildren(QWidget):
        if hasattr(area, "ensureWidgetVisible") and area.isAncestorOf(target):
            area.ensureWidgetVisible(target)
    place = target.mapToGlobal(QPoint(int(target.width() * across), int(target.height() * down)))
    scale = target.devicePixelRatioF()  # the pointer goes by the screen's pixels
    return [round(place.x() * scale), round(place.y() * scale)]


def pictures():
    """The documents that the user has open: those with a view."""
    return [window_view.document() for window_view in app.activeWindow().views()]


def make_picture(width, height, model, depth, profile, pixels):
    """A new one whose only layer holds ``pixels``."""
    global doc, base
    doc = app.createDocument(width, height, "made", model, depth, profile, 72.0)
    app.activeWindow().addView(doc)
    app.setActiveDocument(doc)
    base = doc.topLevelNodes()[0]
    base.setPixelData(pixels, 0, 0, width, height)
    doc.refreshProjection()
    doc.waitForDone()
    doc.setModified(False)


def close_all():
    docker()._controller.cancel()
    for each in pictures():
        each.setModified(False)
        each.close()


def settle():
    """Begin to wait until Krita's lists have shown their changes; ``settled`` then.

    They wait for up to 0.2 s. Where the picture is closed before that, Krita crashes at times.
    """
    global settled
    settled = False
    QTimer.singleShot(400, lambda: globals().update(settled=True))


def layers():
    doc.waitForDone()
    return [each.name() for each in doc.topLevelNodes()]


def view():
    shown = docker()._view
    task, notice = shown.task, shown.notice
    return {
        "layer": shown.layer,
        "missing": shown.missing,
        "task": None if task is None else task.kind,
        "stage": None if task is None else task.stage,
        "notice": None if notice is None else notice.sentence,
        "is_error": notice is not None and notice.is_error,
        "faces": None if shown.faces is None else [[face.ticked, face.shown] for face in shown.faces],
        "preview": shown.preview is not None and shown.preview.after is not None,
        "daemon": shown.daemon,
        "strength": shown.settings.look.strength,
        "edits": dict(shown.settings.look.edits),
        "render": shown.settings.look.render,
    }


def daemon_pid():
    """The process of the daemon that the docker is connected to; None without one.

    It looks now: while the docker is hidden, as without pictures, it does not look by itself.
    """
    controller = docker()._controller
    controller._updates = 0
    controller.update()
    client = controller._connection.client
    return client.welcome.pid if client is not None and docker()._view.daemon == "ready" else None


def clean_up():
    """Make everything as at the first start: no pictures, no changed settings, no open photos."""
    close_all()
    controller = docker()._controller
    for photo in controller._photos:
        controller._photos.close(photo.source.key)
    controller.change_settings(type(controller.settings)())
    controller._notice = None
    controller._updates = 0
    preview = widget("preview")
    preview._split, preview._shows_after = 0.5, True
    preview.set_view("split")
    for area in docker().findChildren(QWidget):
        if hasattr(area, "ensureWidgetVisible"):
            area.verticalScrollBar().setValue(0)


def pixels(node, box):
    """Bytes of a rectangle as hexadecimal text, which JSON takes."""
    return bytes(node.pixelData(*box)).hex()


def bounds(node):
    box = node.bounds()
    return [box.x(), box.y(), box.width(), box.height()]


class Stopwatch(QObject):
    """Measures from the click on Beautify until the picture has its new layer, in seconds of this thread."""

    def __init__(self):
        super().__init__()
        self.seconds = None
        self._start = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        widget("beautify").pressed.connect(self._begin)

    def _begin(self):
        self._start, self._count = clock(), len(doc.topLevelNodes())
        self._timer.start(1)

    def _look(self):
        if self._start is not None and len(doc.topLevelNodes()) > self._count:
            self.seconds, self._start = clock() - self._start, None
            self._timer.stop()


class StepWatch:
    """Measures what the plug-in does, in seconds of processor time: other work does not count.

    seconds: of the steps of its tasks, and of its looks at the active layer; adding: of the steps in which a
    layer came; Krita runs its event loop in them.
    """

    def __init__(self):
        from retouchml_krita.controller import Controller
        from retouchml_krita.tasks import Task

        self.seconds, self.adding = [], []
        self._task, self._step = Task, Task._step
        self._controller, self._follow = Controller, Controller._follow_selection

    def start(self):
        def step(task, generator):
            count, begin = len(doc.topLevelNodes()), time.thread_time()
            try:
                return self._step(task, generator)
            finally:
                seconds = time.thread_time() - begin
                (self.seconds if len(doc.topLevelNodes()) == count else self.adding).append(seconds)

        def follow(controller):
            begin = time.thread_time()
            self._follow(controller)
            self.seconds.append(time.thread_time() - begin)

        self._task._step = step
        self._controller._follow_selection = follow

    def stop(self):
        self._task._step = self._step
        self._controller._follow_selection = self._follow

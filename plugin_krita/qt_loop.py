"""Qt's event loop for controller and connection."""

from .loop import Function, guard
from .qt import QtCore


class QtLoop:
    """Timers and notifiers that live as long as ``parent``."""

    def __init__(self, parent: QtCore.QObject) -> None:
        self._parent = parent

    def later(self, function: Function) -> None:
        """In a later turn, after what waits already."""
        QtCore.QTimer.singleShot(0, guard(function))

    def after(self, milliseconds: int, function: Function) -> "_Timer":
        """Once."""
        return _Timer(self._parent, milliseconds, function, once=True)

    def every(self, milliseconds: int, function: Function) -> "_Timer":
        """Again and again, until it is stopped."""
        return _Timer(self._parent, milliseconds, function, once=False)

    def watch(self, descriptor: int, function: Function) -> "_Watch":
        """Whenever the descriptor becomes readable."""
        return _Watch(self._parent, descriptor, function)


class _Timer:
    def __init__(self, parent: QtCore.QObject, milliseconds: int, function: Function, once: bool) -> None:
        self._timer = QtCore.QTimer(parent)
        self._timer.setSingleShot(once)
        self._timer.timeout.connect(guard(function))
        self._timer.start(milliseconds)

    def stop(self) -> None:
        """For good."""
        self._timer.stop()
        self._timer.deleteLater()


class _Watch:
    def __init__(self, parent: QtCore.QObject, descriptor: int, function: Function) -> None:
        self._notifier = QtCore.QSocketNotifier(descriptor, QtCore.QSocketNotifier.Type.Read, parent)
        safe = guard(function)
        self._notifier.activated.connect(lambda *_: safe())

    def stop(self) -> None:
        """For good; before the descriptor is closed."""
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()

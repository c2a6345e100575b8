"""Qt's event loop as an ``event_loop.EventLoop``."""

from ..event_loop import Function, guard
from .qt import QtCore


class QtEventLoop:
    """Timers and notifiers that live as long as ``parent``."""

    def __init__(self, parent: QtCore.QObject) -> None:
        self._parent = parent

    def later(self, function: Function) -> None:
        """Call it in a later turn, after the calls that wait already."""
        QtCore.QTimer.singleShot(0, guard(function))

    def after(self, milliseconds: int, function: Function) -> "_Timer":
        """Call it once."""
        return _Timer(self._parent, milliseconds, function, once=True)

    def every(self, milliseconds: int, function: Function) -> "_Timer":
        """Call it again and again until the timer is stopped."""
        return _Timer(self._parent, milliseconds, function, once=False)

    def watch(self, descriptor: int, function: Function) -> "_Watch":
        """Call it whenever the descriptor becomes readable."""
        return _Watch(self._parent, descriptor, function)


class _Timer:
    """A handle of a running QTimer."""

    def __init__(self, parent: QtCore.QObject, milliseconds: int, function: Function, once: bool) -> None:
        self._timer = QtCore.QTimer(parent)
        self._timer.setSingleShot(once)
        self._timer.timeout.connect(guard(function))
        self._timer.start(milliseconds)

    def stop(self) -> None:
        """Stop for good."""
        self._timer.stop()
        self._timer.deleteLater()


class _Watch:
    """A handle of a watched file descriptor."""

    def __init__(self, parent: QtCore.QObject, descriptor: int, function: Function) -> None:
        self._notifier = QtCore.QSocketNotifier(descriptor, QtCore.QSocketNotifier.Type.Read, parent)
        safe = guard(function)
        self._notifier.activated.connect(lambda *_: safe())

    def stop(self) -> None:
        """Stop for good; to be called before the descriptor is closed."""
        self._notifier.setEnabled(False)
        self._notifier.deleteLater()

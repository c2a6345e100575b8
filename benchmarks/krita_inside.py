"""Notes when Krita's docker is drawn, when it gets previews, and how long each of the plug-in's turns takes.

``benchmarks.krita`` runs it in Krita, after the tests' helpers. Never imported.
"""

# ruff: noqa: F821
# mypy: ignore-errors

import time

events = {"paints": [], "previews": [], "turns": [], "adding": []}


def _timed(function):
    """A function of the plug-in's that the event loop calls."""

    def run(*arguments):
        begin = time.thread_time()
        try:
            return function(*arguments)
        finally:
            # while a layer is added, Krita runs its event loop within the turn
            kind = "adding" if docker()._controller._tasks.is_adding else "turns"
            events[kind].append([time.thread_time() - begin, getattr(function, "__qualname__", "")])

    return run


def _watch_turns():
    from retouchml_krita.connection import Connection
    from retouchml_krita.controller import Controller
    from retouchml_krita.tasks import Task
    from retouchml_krita.widgets.docker import Docker

    for owner, name in (
        (Connection, "process"),
        (Controller, "update"),
        (Controller, "_preview"),
        (Controller, "change_settings"),
        (Task, "_step"),
        (Docker, "_show"),
    ):
        setattr(owner, name, _timed(getattr(owner, name)))


def _watch_preview():
    from retouchml_krita.widgets.preview import PreviewWidget

    shows, paints = PreviewWidget.show_preview, _timed(PreviewWidget._paint)

    def show_preview(self, preview):
        is_new = preview is not None and preview is not self._preview and preview.after is not None
        shows(self, preview)
        if is_new:
            events["previews"].append(time.monotonic())

    def paint(self):
        paints(self)
        events["paints"].append(time.monotonic())

    PreviewWidget.show_preview, PreviewWidget._paint = show_preview, paint


def begin():
    """Forget what was noted; the time."""
    for noted in events.values():
        noted.clear()
    return time.monotonic()


def press(name):
    """Press a button; when that was."""
    now = time.monotonic()
    widget(name).click()
    return now


def show_docker():
    """Choose the hidden docker in Settings > Dockers; when that was."""
    now = begin()
    docker().toggleViewAction().trigger()
    return now


def move_slider(name):
    """Move a slider as with a click on it; when that was, and how many previews there were."""
    bar = widget("slider_" + name)
    step = 15 if bar.value() < (bar.minimum() + bar.maximum()) / 2 else -15
    count, now = len(events["previews"]), time.monotonic()
    bar.setValue(bar.value() + step)
    return [now, count]


def unfold():
    """Open all groups of sliders."""
    for each in docker().findChildren(QWidget):
        if each.objectName().startswith("fold_"):
            each.setChecked(True)


def open_file(path):
    """Show the picture of a file."""
    global doc
    doc = app.openDocument(path)
    app.activeWindow().addView(doc)
    app.setActiveDocument(doc)
    doc.waitForDone()


_watch_turns()
_watch_preview()

"""Says, inside Krita, what is cut or out of reach in a window; the driver runs it there. Never imported."""

# ruff: noqa: F821
# mypy: ignore-errors

from dataclasses import replace

from PyQt5.QtCore import QPoint, QRect, Qt
from PyQt5.QtGui import QFontMetrics
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QLabel, QScrollArea, QSpinBox, QWidget

HIGH = 10_000  # pixels, more than any text


def speak(language):
    """Build the docker anew in a language, as Krita does when it starts."""
    from retouchml import translation

    translation.use(language)
    old, shown = docker().widget(), docker()._view
    docker()._build()
    old.setParent(None)
    old.deleteLater()
    docker()._view = None
    docker().widget().show()
    docker()._on_visibility(True)
    docker()._show(shown)


def lay_out():
    """Place all widgets now, before Krita's loop changes one: a new size changes that of the next."""
    for _ in range(5):
        QApplication.sendPostedEvents()


def cut_in_views():
    """What is cut in the docker in each of its states, and the least height of Krita's window then."""
    shown, found = docker()._view, []
    for changes in wide_views():
        docker()._show(replace(shown, **changes))
        lay_out()
        found.append([cut(docker()), docker().window().minimumSizeHint().height()])
    docker()._show(shown)
    lay_out()
    return found


def wide_views():
    """Changes of the view, each with the longest texts that a part of the docker shows."""
    from retouchml_krita import texts
    from retouchml_krita.view_state import Notice, PastView, TaskView

    from retouchml import score_words
    from retouchml.progress import STAGES, FaceStage, describe
    from retouchml.results import TURNED

    seconds = 125.0
    score = score_words.words((3.0, 3.25), 0.25, (TURNED,))
    stages = [FaceStage(each.name, 10, 20) for each in STAGES]
    longest = max(stages, key=lambda stage: len(describe(stage, seconds, texts.text)))
    notice = Notice(texts.text(texts.NO_MASK), texts.text(texts.NO_MASK_ADVICE))
    return [
        {"is_result": True, "score": score, "history": (PastView(b"", "x"),) * 3},
        {"notice": notice},
        {"jobs": ((1, "Background"), (2, "Background"), (3, "Background"))},
        {"task": TaskView("beautify", longest, 0.3, seconds)},
        *({"daemon": state, "remote": name} for state in texts.DAEMON for name in ("", "studio")),
        {"daemon": "ready", "remote": "studio", "instead": "x"},
        {"faces": None, "preview": None},
    ]


def needed(target):
    """Width and height that a widget's text needs; None if it has none, or its tip shows the rest."""
    metrics = target.fontMetrics()
    if type(target).__name__ == "ElidedLabel" or (isinstance(target, QLabel) and not target.text()):
        return None
    if hasattr(target, "_fitting_font"):  # the tile for a face that was missed
        smallest = QFontMetrics(target._fitting_font())
        place = smallest.boundingRect(target._room(), target._flags(), target.text())
        beside = target.width() - target._room().width()
        return place.width() + beside, place.height() + beside
    if target.objectName().startswith("face_"):
        name = QFontMetrics(target.name_font).horizontalAdvance(target.accessibleName())
        return name, target.height()
    if isinstance(target, QSpinBox):
        numbers = (target.minimum(), target.maximum())
        ends = [f"{target.prefix()}{number}{target.suffix()}" for number in numbers]
        beside = target.width() - target.lineEdit().width()
        return max(map(metrics.horizontalAdvance, ends)) + beside, metrics.height()
    if isinstance(target, QLabel) and target.wordWrap():
        place = metrics.boundingRect(QRect(0, 0, target.width(), HIGH), Qt.TextWordWrap, target.text())
        return place.width(), place.height()
    if isinstance(target, QLabel | QAbstractButton | QComboBox) and target.sizeHint().isValid():
        return target.sizeHint().width(), target.sizeHint().height()
    return None


def cut(top):
    """What cannot be read or reached in a window: the name or text of each widget, and why."""
    found = []
    for target in top.findChildren(QWidget):
        name = target.objectName() or str(target.property("text") or "")
        if not target.isVisible() or not name or name.startswith("qt_"):
            continue
        size = needed(target)
        if size is not None and (size[0] > target.width() or size[1] > target.height()):
            found.append([name, "needs", *size, "has", target.width(), target.height()])
        for area in [each for each in top.findChildren(QScrollArea) if each.isAncestorOf(target)]:
            place = target.mapTo(area.widget(), QPoint(0, 0))
            area.horizontalScrollBar().setValue(place.x())
            area.verticalScrollBar().setValue(place.y())
        seen = target.visibleRegion().boundingRect()
        if target.focusPolicy() & Qt.TabFocus and seen.size() != target.size():
            found.append([name, "is", target.width(), target.height(), "shows", seen.width(), seen.height()])
    return found

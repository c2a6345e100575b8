"""The settings' part that says which machine does the work, as ``retouchml.client.machines_page`` has it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from krita import Krita

from retouchml.client import machines_page, settings_page
from retouchml.client.machines_page import Invitation, Said
from retouchml.client.placed_commands import explain
from retouchml.errors import RetouchError

from .. import texts
from ..event_loop import guard
from ..in_thread import InThread
from .qt import QtCore, QtWidgets

_text = texts.text
_SIGN = 16  # pixels


class MachineRows(QtWidgets.QWidget):
    """The choice of the machine, its buttons, and how it answers."""

    def __init__(self, window: QtWidgets.QWidget, threads: InThread, on_machine: Callable[[], None]) -> None:
        """on_machine: called when another machine does the work"""
        super().__init__()
        self._window, self._threads, self._on_machine = window, threads, on_machine
        self._asked = ""  # the machine whose answer is awaited
        self.box = QtWidgets.QComboBox()
        self.box.setObjectName(machines_page.MACHINE)
        self.box.setAccessibleName(_text(machines_page.TITLE))
        self.box.activated.connect(guard(lambda *_: self._choose()))
        add = _button("add_machine", machines_page.ADD, machines_page.ADD_TIP, self._ask_for_file)
        self._test = _button("test_machine", machines_page.TEST, machines_page.TEST_TIP, self._ask_machine)
        self._forget = _button(
            "forget_machine", machines_page.FORGET, machines_page.FORGET_TIP, self._forget_machine
        )
        self._fallback = QtWidgets.QCheckBox(_text(machines_page.FALLBACK_TITLE))
        self._fallback.setObjectName(machines_page.FALLBACK)
        self._fallback.setChecked(settings_page.load()[0].remote_fallback)
        self._fallback.clicked.connect(guard(lambda on: self._keep_fallback(bool(on))))
        self.buttons = [add, self._test, self._forget, self._fallback]
        self._sign, self._said = QtWidgets.QLabel(), QtWidgets.QLabel()
        self._said.setObjectName("machine_said")
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        kind = QtWidgets.QStyle.StandardPixmap.SP_MessageBoxWarning
        self._sign.setPixmap(self.style().standardIcon(kind).pixmap(_SIGN, _SIGN))
        line, said = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for button in (add, self._test, self._forget):
            line.addWidget(button)
        line.addStretch(1)
        said.addWidget(self._sign, 0, QtCore.Qt.AlignmentFlag.AlignTop)
        said.addWidget(self._said, 1)
        whole = QtWidgets.QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.box)  # a line of its own: an address may be long
        whole.addLayout(line)
        whole.addWidget(self._fallback)
        whole.addLayout(said)
        self._fill()
        self._show(Said(""))
        self._ask_machine()

    def _fill(self) -> None:
        """Show the machines there are, and the one in use."""
        choice = machines_page.choice(settings_page.load()[0])
        self.box.clear()
        for value, title in choice.values:
            self.box.addItem(title, value)
        self.box.setCurrentIndex(self.box.findData(choice.value))
        for widget in (self._test, self._forget, self._fallback):
            widget.setEnabled(bool(choice.value))

    def _choose(self) -> None:
        self._change(machines_page.use(str(self.box.currentData())))
        self._ask_machine()

    def _keep_fallback(self, falls_back: bool) -> None:
        self._change(machines_page.fall_back(falls_back=falls_back))

    def _ask_machine(self) -> None:
        """Ask the chosen machine whether it answers, unless it is this one."""
        name = self._asked = str(self.box.currentData())
        if not name:
            return
        self._show(Said(machines_page.testing(name)))

        def show(said: Said) -> None:
            if self._asked == name:
                self._show(said)

        editor = f"Krita {Krita.instance().version()}"
        self._threads.run(lambda: machines_page.test(name, editor), show)

    def _forget_machine(self) -> None:
        self._asked = ""
        self._change(machines_page.forget(str(self.box.currentData())))

    def _ask_for_file(self) -> None:
        def added(said: Said) -> None:
            self._change(said)
            if not said.is_error:
                self._ask_machine()

        add_machine(self._window, guard(added))

    def _change(self, said: Said) -> None:
        """Show what came of a change, and let the docker connect anew."""
        self._fill()
        self._show(said)
        if not said.is_error:
            self._on_machine()

    def _show(self, said: Said) -> None:
        self._said.setText(said.sentence)
        self._said.setVisible(bool(said.sentence))
        self._sign.setVisible(said.is_error)


def add_machine(window: QtWidgets.QWidget, added: Callable[[Said], None]) -> None:
    """Let the user choose an invitation file; ``added`` is called when it is kept, or is no such file."""
    title = _text(machines_page.ADD).rstrip("…")
    chooser = QtWidgets.QFileDialog(window, title, "", f"{_text(machines_page.INVITATION_FILES)} (*.json)")
    chooser.setObjectName("invitation")
    chooser.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
    chooser.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)

    def take(file: Any) -> None:
        try:
            invitation = machines_page.read(Path(str(file)))
        except RetouchError as error:
            added(Said(explain(error), is_error=True))
            return
        _NameDialog(window, invitation, added).open()

    chooser.fileSelected.connect(guard(take))
    chooser.open()


class _NameDialog(QtWidgets.QDialog):
    """Asks for the name and the address until both can be kept."""

    def __init__(
        self, window: QtWidgets.QWidget, invitation: Invitation, added: Callable[[Said], None]
    ) -> None:
        super().__init__(window)
        self._file, self._added = invitation.file, added
        self.setObjectName("new_machine")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_text(machines_page.ADD).rstrip("…"))
        self._name = _field("machine_name", machines_page.NAME, invitation.name)
        self._address = _field("machine_address", machines_page.ADDRESS, invitation.address)
        self._address.setToolTip(_text(machines_page.ADDRESS_TIP))
        self._trouble = QtWidgets.QLabel()
        self._trouble.setObjectName("machine_trouble")
        self._trouble.setWordWrap(True)
        self._trouble.hide()
        kinds = QtWidgets.QDialogButtonBox.StandardButton
        buttons = QtWidgets.QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(guard(self._take))
        buttons.rejected.connect(guard(self.reject))
        form = QtWidgets.QFormLayout(self)
        form.addRow(_text(machines_page.NAME), self._name)
        form.addRow(_text(machines_page.ADDRESS), self._address)
        form.addRow(self._trouble)
        form.addRow(buttons)
        (self._name if invitation.address else self._address).setFocus()

    def _take(self) -> None:
        said = machines_page.add(Invitation(self._file, self._name.text(), self._address.text()))
        if said.is_error:
            self._trouble.setText(said.sentence)
            self._trouble.show()
            return
        self.accept()
        self._added(said)


def _field(name: str, title: str, text: str) -> Any:
    field = QtWidgets.QLineEdit(text)
    field.setObjectName(name)
    field.setAccessibleName(_text(title))
    field.setMinimumWidth(280)
    return field


def _button(name: str, label: str, tip: str, press: Callable[[], None]) -> Any:
    button = QtWidgets.QPushButton(_text(label))
    button.setObjectName(name)
    button.setAutoDefault(False)
    button.setToolTip(_text(tip))
    button.clicked.connect(guard(lambda *_: press()))
    return button

"""Questions a screen asks in the middle of an action: why, and who signs. Awaited, never executed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from ui.icons import Icon
from ui.tasks import Tasks, answer
from ui.widgets.reason_dialog import ReasonDialog
from ui.widgets.sign_dialog import SignDialog, SignRequest

Act = Callable[[str, str], Awaitable[str]]
"""Takes a login (empty: the signed-in person) and a password; answers why it was refused, empty when it is done."""


async def reason(
    parent: QWidget,
    title: str,
    verb: str,
    *,
    subject: str = "",
    reasons: Sequence[str] = (),
    danger: bool = False,
    icon: Icon = Icon.COMMENT,
) -> str:
    """Ask why; empty when the person thought better of it."""
    dialog = ReasonDialog(
        title, verb, subject=subject, reasons=reasons, danger=danger, icon=icon, parent=parent
    )
    code = await answer(dialog)
    return dialog.reason() if code == QDialog.DialogCode.Accepted else ""


async def signature(
    parent: QWidget,
    tasks: Tasks,
    request: SignRequest,
    act: Act,
    *,
    user: str = "",
    waiting: str = "Signing …",
) -> bool:
    """Ask for the secret as often as it takes; True when `act` was done. A refusal stands in the dialog as its
    sentence.
    """
    dialog = SignDialog(request, parent)
    if user:
        dialog.user.setText(user)
        dialog.password.setFocus()

    async def try_it(login: str, password: str) -> None:
        dialog.show_busy(waiting)
        try:
            refused = await act(login, password)
        except Exception:
            dialog.show_refusal("It could not be signed because of a fault in the program. Nothing was lost.")
            raise
        if refused:
            dialog.show_refusal(refused)
        else:
            dialog.accept()

    def on_signed(login: str, password: str) -> None:
        tasks.start(try_it(login, password), name="sign", once=True)

    dialog.signed.connect(on_signed)
    return await answer(dialog) == QDialog.DialogCode.Accepted


async def place_to_save(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Ask where to save; None when the person thought better of it. `kinds` is a filter such as `PDF (*.pdf)`."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(kinds)
    dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
    dialog.selectFile(name)
    code = await answer(dialog)
    chosen = dialog.selectedFiles()
    return Path(chosen[0]) if code == QDialog.DialogCode.Accepted and chosen else None


async def write(place: Path, content: bytes) -> str:
    """Write a file beside the loop; answers why it could not be written, or nothing."""
    try:
        await asyncio.to_thread(place.write_bytes, content)
    except OSError as error:
        return f"{place.name} could not be written: {error.strerror or error}."
    return ""

"""The dialog of a signing: shows the sheet, passes the password on, and says how it ended. Awaited, never executed."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.decision import Blocker
from ui import text
from ui.bind import bind
from ui.icons import Icon
from ui.signing import Phase, Signing, SigningState
from ui.tasks import Tasks, answer
from ui.tokens import Tone
from ui.widgets import SignDialog, SignRequest
from ui.widgets.row_button import RowButton

Follow = Callable[[Blocker], None]


async def sign_off(
    parent: QWidget,
    tasks: Tasks,
    signing: Signing,
    *,
    signer: str,
    danger: bool = False,
    farewell: str = "",
    follow: Follow | None = None,
    leads: Callable[[Blocker], bool] | None = None,
) -> SigningState:
    """Let the person sign `signing`; answers how it ended (`ASKED` when they thought better of it).

    With `farewell` an acceptance is said in the dialog until it is closed; without it the dialog goes at once.
    A refusal names every reason; with `follow` those that `leads` to a place are links.
    """
    sheet = signing.sheet
    dialog = SignDialog(
        SignRequest(
            title=sheet.verb,
            verb=sheet.verb,
            meaning=sheet.meaning.value,
            lines=sheet.facts,
            signer=signer,
            consequence=sheet.consequence,
            danger=danger,
        ),
        parent,
    )

    def tell(state: SigningState) -> None:
        match state.phase:
            case Phase.ASKED if state.secret is not None:
                dialog.show_refusal(text.refusal(state.secret))
            case Phase.ASKED if state.failed:
                dialog.show_refusal(_tr("Not everything was saved. Sign again: what was saved counts once."))
            case Phase.CHECKING:
                dialog.show_busy(_tr("Checking the password …"))
            case Phase.WAITING:
                dialog.show_busy(_tr("Signed and saved here. Waiting for the server …"))
            case Phase.ACCEPTED if farewell:
                dialog.show_ended(farewell, Tone.NEUTRAL)
            case Phase.ACCEPTED:
                dialog.accept()
            case Phase.UNANSWERED:
                said = _tr(
                    "Signed and saved here. The server has not answered yet: the sync page shows when it does."
                )
                dialog.show_ended(said, Tone.ATTENTION)
            case Phase.REFUSED:
                sentences = [text.refusal(each) for each in state.refusals]
                linked = follow is not None
                reasons = [] if linked else [text.blocker(each) for each in state.blockers]
                dialog.show_ended(
                    _tr("Refused. {0}").format(sentences[0]), Tone.STOPPED, (*sentences[1:], *reasons)
                )
                if follow is not None:
                    _add_links(dialog, state.blockers, follow, leads)
            case Phase.ASKED:
                pass

    def on_signed(_: str, password: str) -> None:
        tasks.start(signing.sign(password), name="sign", once=True)

    dialog.signed.connect(on_signed)
    bind(dialog, signing.state, tell)
    await answer(dialog)
    return signing.state.value


def _add_links(
    dialog: SignDialog,
    blockers: tuple[Blocker, ...],
    follow: Follow,
    leads: Callable[[Blocker], bool] | None,
) -> None:
    links = QWidget()
    column = QVBoxLayout(links)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for each in blockers:
        link = RowButton(
            text.blocker(each),
            icon=Icon.FORWARD,
            tone=Tone.ATTENTION,
            leads=leads is None or leads(each),
            lines=2,
        )

        def go(_: bool = False, blocker: Blocker = each) -> None:
            dialog.accept()
            follow(blocker)

        link.clicked.connect(go)
        column.addWidget(link)
    dialog.body.addWidget(links)
    dialog.adjustSize()


def _tr(sentence: str) -> str:
    return QCoreApplication.translate("sign_off", sentence)

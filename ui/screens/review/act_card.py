"""The form before a signature under a batch: what will be signed in numbers, what is asked, what is in the way."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.batch import BatchAction
from ui import text
from ui.icons import Icon
from ui.screens.review.blocker_list import BlockerList
from ui.screens.review.file_model import ACTS, ActForm, FileState, ReviewViewModel, short_hash
from ui.theme import Look, themed
from ui.tokens import GAP_2, GAP_4, Tone, Type
from ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Card,
    CommentField,
    Fact,
    FlowLayout,
    KeyValueGrid,
    Label,
)

WIDEST = 920
DANGER = frozenset({BatchAction.REJECT})


class ActCard(Card):
    """`submitted` and `left` are the two ways on; `journal_asked` leads to the audit trail, one click away."""

    submitted = Signal()
    left = Signal()
    journal_asked = Signal()

    def __init__(self, view_model: ReviewViewModel, parent: QWidget | None = None) -> None:
        super().__init__(" ", parent=parent)
        self._view_model = view_model
        self._action: BatchAction | None = None
        self._build()
        self.leave.clicked.connect(self.left)
        self.submit.clicked.connect(self.submitted)
        self.journal.clicked.connect(self.journal_asked)
        self.comment.edited.connect(self._on_comment)
        self.tick.clicked.connect(view_model.tick_audit_trail)
        self.blockers.followed.connect(view_model.follow)
        themed(self, self._on_card_look)

    def _build(self) -> None:
        self._consequence = Label("", wrap=True)
        self._facts = KeyValueGrid(columns=4, narrowest=170)
        self._refusal = Banner("", tone=Tone.STOPPED)
        self.blockers = BlockerList(self._view_model.said, self._view_model.follows)
        self._audit = QWidget()
        audit = QVBoxLayout(self._audit)
        audit.setContentsMargins(0, 0, 0, 0)
        line = FlowLayout()
        self.tick = QCheckBox(self.tr("I have reviewed the critical audit trail of this batch"))
        self.journal = Button(self.tr("Show the journal"), kind=ButtonKind.QUIET, icon=Icon.HISTORY)
        line.addWidget(self.tick)
        line.addWidget(self.journal)
        self._audit_problem = Label("", Type.CAPTION_STRONG, Tone.STOPPED, wrap=True)
        audit.addLayout(line)
        audit.addWidget(self._audit_problem)
        self.comment = CommentField(" ", lines=2)
        for widget in (
            self._consequence,
            self._facts,
            self._refusal,
            self.blockers,
            self._audit,
            self.comment,
        ):
            self.body.addWidget(widget)
        self.leave = Button(self.tr("Put aside"), kind=ButtonKind.PLAIN, step=True)
        self.submit = Button(" ", kind=ButtonKind.PRIMARY, icon=Icon.SIGN, shortcut="Ctrl+Return", step=True)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        self._row.addWidget(self.leave)
        self._row.addWidget(self.submit)
        self.body.addLayout(self._row)

    def show_form(self, state: FileState, form: ActForm) -> None:
        """Show the form of this act."""
        words, batch = ACTS[form.action], state.batch
        if batch is None:
            return
        opened = form.action is not self._action
        self._action = form.action
        self.set_title(f"{words.verb}: {batch.number}")
        self._consequence.setText(words.consequence)
        self._consequence.setVisible(form.refusal is None)
        counts = state.counts
        corrected = text.count(counts.corrections, "correction", "corrections")
        self._facts.set_facts(
            (
                Fact(
                    self.tr("Entries"),
                    f"{counts.entries}, {corrected}",
                ),
                Fact(
                    self.tr("Exceptions"),
                    self.tr("{0}, {1} open").format(counts.exceptions, counts.exceptions_open),
                ),
                Fact(
                    self.tr("Deviations"),
                    self.tr("{0}, {1} open").format(counts.deviations, counts.deviations_open),
                ),
                Fact(self.tr("Manifest"), short_hash(state.manifest)),
            )
        )
        self._refusal.setVisible(form.refusal is not None)
        if form.refusal is not None:
            self._refusal.say(text.refusal(form.refusal), Tone.STOPPED)
        self.blockers.show_blockers(form.refusal.blockers if form.refusal else ())
        self._audit.setVisible(
            form.action is BatchAction.REVIEW_QUALITY and not (form.refusal and form.refusal.blockers)
        )
        self.tick.setChecked(form.audit_trail_reviewed)
        self._audit_problem.setText(form.errors.get("audit_trail", ""))
        self._audit_problem.setVisible("audit_trail" in form.errors)
        self.comment.label.setText(words.comment)
        self.comment.box.setAccessibleName(words.comment)
        if self.comment.box.toPlainText() != form.comment:
            self.comment.box.blockSignals(True)
            self.comment.set_text(form.comment)
            self.comment.box.blockSignals(False)
        self.comment.set_problem(form.errors.get("comment", ""))
        self.submit.setText(words.verb)
        blocked = form.refusal is not None and bool(form.refusal.blockers)
        self.submit.offer(not blocked, text.refusal(form.refusal) if form.refusal else "")
        self.comment.setVisible(not blocked)
        self.submit.set_kind(ButtonKind.DANGER if form.action in DANGER else ButtonKind.PRIMARY)
        if opened:
            audit = form.action is BatchAction.REVIEW_QUALITY
            (self.tick if audit else self.comment).setFocus(Qt.FocusReason.OtherFocusReason)

    def closed(self) -> None:
        """The form was left; the next one opens afresh."""
        self._action = None

    def _on_comment(self) -> None:
        self._view_model.write(self.comment.box.toPlainText())

    def _on_card_look(self, look: Look) -> None:
        self.body.setSpacing(look.px(GAP_4))
        self._row.setSpacing(look.px(GAP_2))
        self.setMaximumWidth(look.px(WIDEST))

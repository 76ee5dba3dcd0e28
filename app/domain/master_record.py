"""Master records (ISA-88: master recipes): versioned stages and steps, prepared by one person, approved by another.

21 CFR 211.186(a), R15, R32. A batch runs a frozen version; its hash stands in the batch (R33).
"""

import json
from dataclasses import asdict, replace
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from app.domain.decision import Change, Context, Decision, Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import MasterId, ProductId
from app.domain.permissions import Permission
from app.domain.quantity import Limit, Quantity, exact
from app.domain.record import record
from app.domain.signature import Meaning, Signature


class StepKind(StrEnum):
    """How a step is answered. The entry's `value` is text in every case; see `value_fits`."""

    CONFIRMATION = "confirmation"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    TIMER = "timer"


CONFIRMED: Final = "confirmed"
"""The one value of a confirmation step."""


@record
class Product:
    """What is made, named as it is named on the label."""

    KIND: ClassVar[str] = "product"

    id: ProductId
    code: str
    name: str
    strength: str
    dosage_form: str
    revision: int = 1


@record
class MaterialSpec:
    """A material of the bill, and how much of it one batch takes."""

    code: str
    name: str
    quantity: Quantity


@record
class StepSpec:
    """One step as the master asks for it.

    `limit` judges a number in `unit`; a timer's value and limit are in seconds. `choices` are the answers of a choice,
    `expected` the one that is no exception. `verified`: a second person signs it. `critical`: leaving limits stops.
    """

    key: str
    title: str
    instruction: str
    kind: StepKind
    unit: str = ""
    limit: Limit | None = None
    choices: tuple[str, ...] = ()
    expected: str = ""
    verified: bool = False
    critical: bool = False
    equipment: str = ""
    parallel: bool = False


@record
class StageSpec:
    """A stage (ISA-88 unit procedure) and its steps, in order. `parallel`: may start before the one above is done."""

    key: str
    name: str
    steps: tuple[StepSpec, ...]
    area: str = ""
    parallel: bool = False

    def step(self, key: str) -> StepSpec | None:
        return next((each for each in self.steps if each.key == key), None)


class MasterStatus(StrEnum):
    DRAFT = "Draft"
    EFFECTIVE = "Effective"
    SUPERSEDED = "Superseded"


class MasterAction(StrEnum):
    APPROVE = "approve"
    SUPERSEDE = "supersede"


MOVES: Final = MappingProxyType(
    {
        (MasterStatus.DRAFT, MasterAction.APPROVE): MasterStatus.EFFECTIVE,
        (MasterStatus.EFFECTIVE, MasterAction.SUPERSEDE): MasterStatus.SUPERSEDED,
    }
)


@record
class MasterRecord:
    """One version of a product's master record. `content_hash` (SHA-256, hex) covers what is executed."""

    KIND: ClassVar[str] = "master"

    id: MasterId
    product_id: ProductId
    product_code: str
    product_name: str
    version: int
    title: str
    batch_size: Quantity
    materials: tuple[MaterialSpec, ...]
    stages: tuple[StageSpec, ...]
    status: MasterStatus
    content_hash: str
    note: str = ""
    signatures: tuple[Signature, ...] = ()
    revision: int = 1

    def stage(self, key: str) -> StageSpec | None:
        return next((each for each in self.stages if each.key == key), None)

    def step(self, stage_key: str, step_key: str) -> StepSpec | None:
        stage = self.stage(stage_key)
        return stage.step(step_key) if stage else None

    @property
    def step_count(self) -> int:
        return sum(len(stage.steps) for stage in self.stages)


@record
class RegisterProduct:
    kind: Literal["product.register"] = "product.register"
    product_id: ProductId
    code: str
    name: str
    strength: str
    dosage_form: str


@record
class DraftMasterRecord:
    """Prepare one version; the command is the author's signature (211.186(a))."""

    kind: Literal["master.draft"] = "master.draft"
    master_id: MasterId
    product_id: ProductId
    version: int
    title: str
    batch_size: Quantity
    materials: tuple[MaterialSpec, ...]
    stages: tuple[StageSpec, ...]
    content_hash: str
    note: str = ""


@record
class ApproveMasterRecord:
    """Approve a prepared version; it becomes effective and the one before it superseded."""

    kind: Literal["master.approve"] = "master.approve"
    master_id: MasterId
    content_hash: str


MasterCommand = RegisterProduct | DraftMasterRecord | ApproveMasterRecord


def content_hash(
    batch_size: Quantity, materials: tuple[MaterialSpec, ...], stages: tuple[StageSpec, ...]
) -> str:
    """SHA-256 (hex) over everything that is executed, in one fixed spelling: what author, approver and batch agree on."""
    content = {
        "batch_size": asdict(batch_size),
        "materials": [asdict(each) for each in materials],
        "stages": [asdict(each) for each in stages],
    }
    return sha256(
        json.dumps(content, default=str, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()


def value_fits(spec: StepSpec, value: str) -> bool:
    """Whether `value` is an answer this step can have at all. Limits are not asked here: a true value may leave them."""
    match spec.kind:
        case StepKind.CONFIRMATION:
            return value == CONFIRMED
        case StepKind.NUMBER:
            return exact(value) is not None
        case StepKind.TEXT:
            return bool(value.strip())
        case StepKind.CHOICE:
            return value in spec.choices
        case StepKind.TIMER:
            seconds = exact(value)
            return seconds is not None and seconds >= Decimal(0)


def decide_master(facts: Facts, command: MasterCommand, context: Context) -> Decision | Refusal:
    """Products and master records: author and approver are two people (R32)."""
    approving = isinstance(command, ApproveMasterRecord)
    if refusal := context.lacks(Permission.MASTER_APPROVE if approving else Permission.MASTER_AUTHOR):
        return refusal
    match command:
        case RegisterProduct():
            if facts.one(Product, command.product_id):
                return Refusal(reason=Reason.ALREADY_EXISTS, detail=(command.code,))
            product = Product(
                id=command.product_id,
                code=command.code,
                name=command.name,
                strength=command.strength,
                dosage_form=command.dosage_form,
            )
            return Decision(changes=(Change(event="product.registered", before=None, after=product),))
        case DraftMasterRecord():
            return _draft(facts, command, context)
        case ApproveMasterRecord():
            return _approve(facts, command, context)


def _draft(facts: Facts, command: DraftMasterRecord, context: Context) -> Decision | Refusal:
    product = facts.one(Product, command.product_id)
    if product is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("product",))
    versions = facts.every(MasterRecord, product_id=command.product_id)
    if any(each.version == command.version or each.id == command.master_id for each in versions):
        return Refusal(reason=Reason.ALREADY_EXISTS, detail=(f"{product.name} v{command.version}",))
    keys = [(stage.key, step.key) for stage in command.stages for step in stage.steps]
    if not keys or len(keys) != len(set(keys)):
        return Refusal(reason=Reason.WRONG_VALUE, detail=("stages",))
    if command.content_hash != content_hash(command.batch_size, command.materials, command.stages):
        return Refusal(reason=Reason.WRONG_VALUE, detail=("content hash",))
    draft = MasterRecord(
        id=command.master_id,
        product_id=product.id,
        product_code=product.code,
        product_name=f"{product.name} {product.strength}".strip(),
        version=command.version,
        title=command.title,
        batch_size=command.batch_size,
        materials=command.materials,
        stages=command.stages,
        status=MasterStatus.DRAFT,
        content_hash=command.content_hash,
        note=command.note,
        signatures=(context.sign(Meaning.PREPARED, command.content_hash),),
    )
    return Decision(changes=(Change(event="master.drafted", before=None, after=draft),))


def _approve(facts: Facts, command: ApproveMasterRecord, context: Context) -> Decision | Refusal:
    draft = facts.one(MasterRecord, command.master_id)
    if draft is None:
        return Refusal(reason=Reason.NOT_FOUND, detail=("master record",))
    effective = MOVES.get((draft.status, MasterAction.APPROVE))
    if effective is None:
        return Refusal(reason=Reason.WRONG_STATUS, detail=(draft.status.value, MasterAction.APPROVE.value))
    if command.content_hash != draft.content_hash:
        return Refusal(reason=Reason.CHANGED_SINCE_SHOWN)
    if any(each.signer_id == context.actor.user_id for each in draft.signatures):
        return Refusal(reason=Reason.NOT_INDEPENDENT)
    older = (
        each
        for each in facts.every(MasterRecord, product_id=draft.product_id)
        if (each.status, MasterAction.SUPERSEDE) in MOVES
    )
    superseded = tuple(
        Change(
            event="master.superseded",
            before=each,
            after=replace(
                each, status=MOVES[each.status, MasterAction.SUPERSEDE], revision=each.revision + 1
            ),
        )
        for each in older
    )
    approved = replace(
        draft,
        status=effective,
        signatures=(*draft.signatures, context.sign(Meaning.APPROVED, draft.content_hash)),
        revision=draft.revision + 1,
    )
    return Decision(changes=(*superseded, Change(event="master.approved", before=draft, after=approved)))

"""The forms of a deviation's workflow as data: their fields, and the command that filled-in fields make. Knows no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.domain.deviation import (
    AmendDeviation,
    CancelDeviation,
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationAction,
    DeviationClass,
    DeviationCommand,
    InvestigateDeviation,
    Investigation,
    ReopenDeviation,
)
from app.domain.signature import Meaning

Values = Mapping[str, str]

YES: Final = "yes"
NO: Final = "no"
FIVE_WHYS: Final = "5 whys"
FISHBONE: Final = "Fishbone"
OTHER: Final = "Other"


class FieldKind(StrEnum):
    """How a field is filled in. `TICK` holds `yes` or nothing; `CHOICE` one of its choices."""

    LINE = "line"
    TEXT = "text"
    CHOICE = "choice"
    TICK = "tick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `choices` are pairs of value and word; `only_if` names a field and the value it must have."""

    key: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    only_if: tuple[str, str] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSpec:
    """One action's form. `meaning` None: the act is sealed by the signed-in person without asking the secret again."""

    title: str
    verb: str
    fields: tuple[Field, ...]
    meaning: Meaning | None
    consequence: str = ""


_WHY_HINTS: Final = (
    "Why did it happen?",
    "Why that?",
    "Why that?",
    "Why that?",
    "Why that? This is the root.",
)
_BONES: Final = ("People", "Method", "Machine", "Material", "Measurement", "Environment")

WHYS: Final = tuple(f"why_{place}" for place in range(1, 6))
BONES: Final = tuple(f"bone_{name.lower()}" for name in _BONES)

_REASON: Final = Field(key="reason", label="Reason")

FORMS: Final = MappingProxyType(
    {
        DeviationAction.AMEND: FormSpec(
            title="Complete the report",
            verb="Save report",
            meaning=None,
            fields=(
                Field(key="title", label="Title", kind=FieldKind.LINE),
                Field(key="description", label="What happened"),
                Field(key="immediate_action", label="What was done at once", optional=True),
                Field(key="reason", label="Why the report changes", kind=FieldKind.LINE),
            ),
        ),
        DeviationAction.CLASSIFY: FormSpec(
            title="Classify",
            verb="Classify",
            meaning=Meaning.CLASSIFIED,
            consequence="The class decides how deep the investigation goes. You sign it for quality assurance.",
            fields=(
                Field(
                    key="classification",
                    label="Class",
                    kind=FieldKind.CHOICE,
                    choices=tuple((each.value, each.value) for each in DeviationClass),
                    hint="Minor: isolated, no direct impact. Major: potentially significant risk. "
                    "Critical: serious risk to product quality, patient or data integrity.",
                ),
                Field(key="reason", label="Reason for the class"),
                Field(
                    key="owner_name", label="Owner of the investigation", kind=FieldKind.LINE, optional=True
                ),
            ),
        ),
        DeviationAction.INVESTIGATE: FormSpec(
            title="Record the investigation",
            verb="Sign investigation",
            meaning=Meaning.INVESTIGATED,
            consequence="You sign that this is what the investigation found.",
            fields=(
                Field(
                    key="method",
                    label="How the cause was looked for",
                    kind=FieldKind.CHOICE,
                    choices=((FIVE_WHYS, FIVE_WHYS), (FISHBONE, FISHBONE), (OTHER, OTHER)),
                ),
                *(
                    Field(
                        key=key,
                        label=f"Why {place}",
                        kind=FieldKind.LINE,
                        hint=_WHY_HINTS[place - 1],
                        only_if=("method", FIVE_WHYS),
                        optional=True,
                    )
                    for place, key in enumerate(WHYS, start=1)
                ),
                *(
                    Field(
                        key=key,
                        label=name,
                        kind=FieldKind.LINE,
                        hint=f"What about the {name.lower()} contributed?",
                        only_if=("method", FISHBONE),
                        optional=True,
                    )
                    for key, name in zip(BONES, _BONES, strict=True)
                ),
                Field(
                    key="method_other",
                    label="Name the method",
                    kind=FieldKind.LINE,
                    only_if=("method", OTHER),
                ),
                Field(
                    key="undetermined",
                    label="No root cause could be determined",
                    kind=FieldKind.TICK,
                    hint="Then say below why not, and what was ruled out.",
                    optional=True,
                ),
                Field(key="root_cause", label="Root cause"),
                Field(
                    key="evidence",
                    label="Evidence",
                    hint="What was looked at: records, samples, people asked.",
                ),
                Field(key="impact", label="Impact on product, patient and data"),
                Field(
                    key="other_batches", label="Other batches", hint="Which others it reaches, or why none."
                ),
                Field(key="correction", label="Correction", hint="What was put right."),
            ),
        ),
        DeviationAction.CLOSE: FormSpec(
            title="Close",
            verb="Close deviation",
            meaning=Meaning.CLOSED,
            consequence="A closed deviation no longer stands in its batch's way.",
            fields=(
                Field(
                    key="capa_required",
                    label="Is a CAPA needed?",
                    kind=FieldKind.CHOICE,
                    choices=((YES, "Yes, a CAPA is needed"), (NO, "No CAPA")),
                ),
                Field(
                    key="conclusion",
                    label="Conclusion",
                    hint="What follows for the batch; without a CAPA, why none is needed.",
                ),
            ),
        ),
        DeviationAction.CANCEL: FormSpec(
            title="Cancel",
            verb="Cancel deviation",
            meaning=Meaning.CANCELLED,
            consequence="It stays readable, with your reason, and no longer stands in its batch's way.",
            fields=(_REASON,),
        ),
        DeviationAction.REOPEN: FormSpec(
            title="Reopen",
            verb="Reopen deviation",
            meaning=Meaning.REOPENED,
            consequence="It goes back to investigation and stands in its batch's way again.",
            fields=(_REASON,),
        ),
    }
)


def shown(spec: FormSpec, values: Values) -> tuple[Field, ...]:
    """The fields that the values so far ask for."""
    return tuple(
        each for each in spec.fields if each.only_if is None or values.get(each.only_if[0]) == each.only_if[1]
    )


def filled(deviation: Deviation, action: DeviationAction) -> Values:
    """What a form starts with: the record's own words where the action changes them."""
    match action:
        case DeviationAction.AMEND:
            return {
                "title": deviation.title,
                "description": deviation.description,
                "immediate_action": deviation.immediate_action,
            }
        case DeviationAction.CLASSIFY if deviation.classification is not None:
            return {"classification": deviation.classification.value, "owner_name": deviation.owner_name}
        case DeviationAction.INVESTIGATE if deviation.investigation is not None:
            found = deviation.investigation
            return {
                "method": OTHER,
                "method_other": found.method,
                "root_cause": found.root_cause,
                "evidence": found.evidence,
                "impact": found.impact,
                "other_batches": found.other_batches,
                "correction": found.correction,
                "undetermined": YES if found.undetermined else "",
            }
        case _:
            return {}


def unchosen(action: DeviationAction, values: Values) -> dict[str, str]:
    """Choices that no command can be made without. Everything else is the rulebook's to miss."""
    wanted = {
        DeviationAction.CLASSIFY: ("classification", "Choose a class."),
        DeviationAction.CLOSE: ("capa_required", "Choose one."),
    }.get(action)
    return {wanted[0]: wanted[1]} if wanted is not None and not values.get(wanted[0]) else {}


def command_of(deviation: Deviation, action: DeviationAction, values: Values) -> DeviationCommand:
    """The command that the form makes; its choices must have been made (see `unchosen`)."""

    def text(key: str) -> str:
        return values.get(key, "").strip()

    match action:
        case DeviationAction.AMEND:
            return AmendDeviation(
                deviation_id=deviation.id,
                base_revision=deviation.revision,
                title=text("title"),
                description=text("description"),
                immediate_action=text("immediate_action"),
                reason=text("reason"),
            )
        case DeviationAction.CLASSIFY:
            return ClassifyDeviation(
                deviation_id=deviation.id,
                classification=DeviationClass(text("classification")),
                reason=text("reason"),
                owner_name=text("owner_name"),
            )
        case DeviationAction.INVESTIGATE:
            return InvestigateDeviation(
                deviation_id=deviation.id,
                investigation=Investigation(
                    root_cause=text("root_cause"),
                    method=method_text(values),
                    evidence=text("evidence"),
                    impact=text("impact"),
                    other_batches=text("other_batches"),
                    correction=text("correction"),
                    undetermined=text("undetermined") == YES,
                ),
            )
        case DeviationAction.CLOSE:
            return CloseDeviation(
                deviation_id=deviation.id,
                base_revision=deviation.revision,
                capa_required=text("capa_required") == YES,
                conclusion=text("conclusion"),
            )
        case DeviationAction.CANCEL:
            return CancelDeviation(deviation_id=deviation.id, reason=text("reason"))
        case DeviationAction.REOPEN:
            return ReopenDeviation(deviation_id=deviation.id, reason=text("reason"))


def method_text(values: Values) -> str:
    """The method with its worked lines, as it goes on the record."""

    def worked(pairs: list[tuple[str, str]]) -> str:
        return "".join(f"\n{name}: {value}" for name, value in pairs if value)

    match values.get("method", ""):
        case "5 whys":
            chain = [(f"Why {place}", values.get(key, "").strip()) for place, key in enumerate(WHYS, start=1)]
            return FIVE_WHYS + worked(chain)
        case "Fishbone":
            bones = [(name, values.get(key, "").strip()) for key, name in zip(BONES, _BONES, strict=True)]
            return FISHBONE + worked(bones)
        case _:
            return values.get("method_other", "").strip()


def probe(deviation: Deviation, action: DeviationAction) -> DeviationCommand:
    """The action with every field filled in: what the rulebook still refuses lies with the person or the record."""
    spec = FORMS[action]
    values = {each.key: each.choices[0][0] if each.choices else "–" for each in spec.fields}
    return command_of(deviation, action, values)

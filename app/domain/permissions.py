"""Who may do what: one table, asked by the screens and by the server alike.

Permission names keep the specification's form `resource.verb`. Duties follow requirements c5 and ruling B17.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """A person's role in a plant."""

    PRODUCTION_OFFICER = "Production Officer"
    PRODUCTION_MANAGER = "Production Manager"
    PRODUCTION_HEAD = "Production Head"
    QA_REVIEWER = "QA Reviewer"
    QA_MANAGER = "QA Manager"
    QA_HEAD = "QA Head"
    QC_ANALYST = "QC Analyst"
    WAREHOUSE = "Warehouse"
    PLANT_HEAD = "Plant Head"
    AUDITOR = "Auditor"
    SYSTEM_ADMIN = "System Admin"


class Permission(StrEnum):
    """One right. The value is its name on tokens, on the wire and in the documentation."""

    BATCH_READ = "batch.read"
    BATCH_CREATE = "batch.create"
    BATCH_UPDATE = "batch.update"
    BATCH_ISSUE = "batch.issue"
    BATCH_EXECUTE = "batch.execute"
    BATCH_VERIFY = "batch.verify"
    BATCH_REVIEW = "batch.review"
    BATCH_IMPORT = "batch.import"
    QUALITY_REVIEW = "quality.batch.review"
    BATCH_APPROVE = "batch.approve"
    EXCEPTION_ASSESS = "quality.exception.assess"
    CONTEST_RESOLVE = "batch.contest.resolve"
    DEVIATION_CREATE = "quality.deviation.create"
    DEVIATION_INVESTIGATE = "quality.deviation.investigate"
    DEVIATION_CLASSIFY = "quality.deviation.classify"
    DEVIATION_APPROVE = "quality.deviation.approve"
    CAPA_CREATE = "quality.capa.create"
    CAPA_APPROVE = "quality.capa.approve"
    CHANGE_CREATE = "quality.change.create"
    MASTER_AUTHOR = "master.create"
    MASTER_APPROVE = "master.approve"
    AUDIT_READ = "audit.read"
    USER_MANAGE = "user.manage"
    STATION_MANAGE = "station.manage"
    PLANT_MANAGE = "plant.manage"


P = Permission
_PRODUCTION: Final = frozenset({P.BATCH_READ, P.BATCH_EXECUTE, P.BATCH_VERIFY, P.DEVIATION_CREATE})
_SUPERVISION: Final = _PRODUCTION | {
    P.BATCH_CREATE,
    P.BATCH_UPDATE,
    P.BATCH_ISSUE,
    P.BATCH_REVIEW,
    P.BATCH_IMPORT,
    P.CONTEST_RESOLVE,
    P.DEVIATION_INVESTIGATE,
    P.CAPA_CREATE,
    P.CHANGE_CREATE,
    P.MASTER_AUTHOR,
    P.AUDIT_READ,
}
_QUALITY: Final = frozenset(
    {
        P.BATCH_READ,
        P.QUALITY_REVIEW,
        P.EXCEPTION_ASSESS,
        P.DEVIATION_CREATE,
        P.DEVIATION_INVESTIGATE,
        P.DEVIATION_CLASSIFY,
        P.DEVIATION_APPROVE,
        P.CAPA_CREATE,
        P.CHANGE_CREATE,
        P.AUDIT_READ,
    }
)

ROLES: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.PRODUCTION_OFFICER: _PRODUCTION,
        Role.PRODUCTION_MANAGER: _SUPERVISION,
        Role.PRODUCTION_HEAD: _SUPERVISION,
        Role.QA_REVIEWER: _QUALITY,
        Role.QA_MANAGER: _QUALITY | {P.CAPA_APPROVE, P.MASTER_APPROVE, P.CONTEST_RESOLVE},
        Role.QA_HEAD: _QUALITY | {P.CAPA_APPROVE, P.MASTER_APPROVE, P.BATCH_APPROVE, P.CONTEST_RESOLVE},
        Role.QC_ANALYST: _PRODUCTION,
        Role.WAREHOUSE: frozenset({P.BATCH_READ, P.DEVIATION_CREATE}),
        Role.PLANT_HEAD: frozenset({P.BATCH_READ, P.DEVIATION_CREATE, P.CAPA_CREATE, P.AUDIT_READ}),
        Role.AUDITOR: frozenset({P.BATCH_READ, P.AUDIT_READ}),
        # R46: whoever administers accounts has no production right at all.
        Role.SYSTEM_ADMIN: frozenset({P.USER_MANAGE, P.STATION_MANAGE, P.PLANT_MANAGE, P.AUDIT_READ}),
    }
)


def may(role: Role, permission: Permission) -> bool:
    """Whether `role` carries `permission`. What is not granted is refused."""
    return permission in ROLES[role]

"""Who works in the demo plants. Nobody here exists; the password is shown on the demo's sign-in screen only."""

from typing import Final

from app.domain.identity import PlantId
from app.domain.permissions import Role
from app.domain.record import record

LINDENAU: Final = PlantId("plant-lindenau")
MARWICK: Final = PlantId("plant-marwick")

PASSWORD: Final = "linden tree in november"
"""Only the demo gives it to anybody (design: no default password outside the demo)."""


@record
class DemoPlant:
    plant_id: PlantId
    name: str
    site: str
    timezone: str
    lines: tuple[str, ...]


@record
class DemoPerson:
    login: str
    name: str
    role: Role
    department: str
    plants: tuple[PlantId, ...]

    @property
    def email(self) -> str:
        return f"{self.login}@batchwright.example"


PLANTS: Final = (
    DemoPlant(
        plant_id=LINDENAU,
        name="Lindenau Solids",
        site="Lindenau, Building 4",
        timezone="Europe/Berlin",
        lines=("Line 1", "Line 2", "Line 3"),
    ),
    DemoPlant(
        plant_id=MARWICK,
        name="Marwick Liquids",
        site="Marwick, Hall B",
        timezone="Europe/London",
        lines=("Liquid line 1", "Liquid line 2"),
    ),
)

_L: Final = (LINDENAU,)
_M: Final = (MARWICK,)
_BOTH: Final = (LINDENAU, MARWICK)

PEOPLE: Final = (
    DemoPerson(
        login="o.adler", name="Olga Adler", role=Role.PRODUCTION_OFFICER, department="Production", plants=_L
    ),
    DemoPerson(
        login="s.brandt", name="Sven Brandt", role=Role.PRODUCTION_OFFICER, department="Production", plants=_L
    ),
    DemoPerson(
        login="m.costa", name="Marta Costa", role=Role.PRODUCTION_MANAGER, department="Production", plants=_L
    ),
    DemoPerson(
        login="j.dahl", name="Jonas Dahl", role=Role.PRODUCTION_HEAD, department="Production", plants=_BOTH
    ),
    DemoPerson(login="r.eder", name="Rita Eder", role=Role.QA_REVIEWER, department="Quality", plants=_BOTH),
    DemoPerson(login="p.fiala", name="Petr Fiala", role=Role.QA_MANAGER, department="Quality", plants=_BOTH),
    DemoPerson(login="h.grau", name="Hanna Grau", role=Role.QA_HEAD, department="Quality", plants=_BOTH),
    DemoPerson(
        login="t.horak", name="Tomas Horak", role=Role.QC_ANALYST, department="Laboratory", plants=_BOTH
    ),
    DemoPerson(login="w.iqbal", name="Waris Iqbal", role=Role.WAREHOUSE, department="Warehouse", plants=_L),
    DemoPerson(
        login="l.jansen", name="Lotte Jansen", role=Role.PLANT_HEAD, department="Management", plants=_BOTH
    ),
    DemoPerson(login="a.kirby", name="Ann Kirby", role=Role.AUDITOR, department="External", plants=_BOTH),
    DemoPerson(
        login="n.lund", name="Nils Lund", role=Role.PRODUCTION_OFFICER, department="Production", plants=_M
    ),
    DemoPerson(
        login="b.moss", name="Beth Moss", role=Role.PRODUCTION_OFFICER, department="Production", plants=_M
    ),
    DemoPerson(
        login="c.north", name="Carl North", role=Role.PRODUCTION_MANAGER, department="Production", plants=_M
    ),
)
"""Beside them two administrators, made by the first-start ceremony, who have no right on any batch (R46)."""

ADMINISTRATORS: Final = (
    DemoPerson(login="y.admin", name="Yara Olsen", role=Role.SYSTEM_ADMIN, department="IT", plants=_BOTH),
    DemoPerson(login="z.admin", name="Zeno Pohl", role=Role.SYSTEM_ADMIN, department="IT", plants=_BOTH),
)


def person(login: str) -> DemoPerson:
    """The demo person with this login."""
    return next(each for each in (*PEOPLE, *ADMINISTRATORS) if each.login == login)

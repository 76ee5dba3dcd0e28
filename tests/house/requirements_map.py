"""Which tests prove which requirement, read from the `@pytest.mark.req` markers.

`python -m tests.house.requirements_map` writes `resources/docs/requirements-map.md` anew;
`test_requirements_map.py` holds the page against the tests. A requirement that no test names is listed as such.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "resources" / "docs" / "requirements-map.md"

CLAUSES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "R1": ("An altered record or audit event is found and named", "21 CFR 11.10(a)"),
        "R2": ("A batch is exported whole, for people and for programs", "21 CFR 11.10(b), Annex 11 §8.1"),
        "R3": ("A backup comes back and verifies", "21 CFR 11.10(c), 211.68(b), Annex 11 §7.2"),
        "R4": ("A record cannot be deleted while it must be retained", "21 CFR 211.180(a)"),
        "R5": (
            "No anonymous or shared account; ids are never used twice",
            "21 CFR 11.10(d), 11.100(a), 11.300(a)",
        ),
        "R6": (
            "Every change is in the audit trail: who, when, old, new, why",
            "21 CFR 11.10(e), Annex 11 §9",
        ),
        "R7": ("The original value stays visible after a correction", "21 CFR 11.10(e)"),
        "R8": (
            "Nobody updates, deletes or truncates the audit trail",
            "21 CFR 11.10(e), FDA data integrity Q&A 4",
        ),
        "R9": ("A step is not entered before its turn", "21 CFR 11.10(f)"),
        "R10": ("Every verb checks authority again", "21 CFR 11.10(g)"),
        "R11": ("Entries come from a known, fit device; the device is kept", "21 CFR 11.10(h), Annex 11 §5"),
        "R12": ("Only trained people perform or verify a step", "21 CFR 11.10(i), 211.25"),
        "R13": (
            "Signers accept that their signature binds before the first one",
            "21 CFR 11.10(j), 11.100(c)",
        ),
        "R14": ("A person's identity was checked before a signing key exists", "21 CFR 11.100(b)"),
        "R15": (
            "Recipes and rules carry version and approval; the batch keeps which ran",
            "21 CFR 11.10(k), Annex 11 §10",
        ),
        "R16": ("What crosses an open network cannot be altered unseen", "21 CFR 11.30"),
        "R17": ("A signature shows printed name, time and meaning", "21 CFR 11.50"),
        "R18": ("A signature cannot be moved to another record", "21 CFR 11.70, Annex 11 §14(b)"),
        "R19": ("A change after signing makes the record count as unsigned", "PI 041 §9.5"),
        "R20": ("The first signing of a session asks for all components", "21 CFR 11.200(a)(1)(i)"),
        "R21": (
            "After lock, sign-out or switch the next signing asks for all again",
            "21 CFR 11.200(a)(1)(ii)",
        ),
        "R22": (
            "Signing as somebody else takes at least two people in collusion",
            "21 CFR 11.200(a)(3)",
        ),
        "R23": (
            "Password ageing policy and a periodic review of the user list",
            "21 CFR 11.300(b), Annex 11 §12.3",
        ),
        "R24": (
            "A lost device is revoked; what it sends later is kept apart",
            "21 CFR 11.300(c)",
        ),
        "R25": ("Five wrong secrets lock signing and raise an alert", "21 CFR 11.300(d)"),
        "R26": ("A device key is tested; an altered key store signs nothing", "21 CFR 11.300(e)"),
        "R27": (
            "An entry is on disk before the screen says so; a kill loses nothing",
            "FDA data integrity Q&A 12, 21 CFR 211.100(b)",
        ),
        "R28": ("Each entry has its own time", "PI 041 §9.6"),
        "R29": ("A late entry needs a reason and shows as an exception", "PI 041 §8.6"),
        "R30": ("A clock that is off makes an event; the offset is kept", "PI 041 §9.6, §9.8"),
        "R31": ("Only authorised people outside execution change master records", "21 CFR 211.68(b)"),
        "R32": (
            "A master record is prepared by one person and approved by another",
            "21 CFR 211.186(a)",
        ),
        "R33": ("An issued batch equals its effective master, signed", "21 CFR 211.188(a)"),
        "R34": ("A record is checked for completeness", "21 CFR 211.188(b), EU GMP ch. 4 §4.20"),
        "R35": ("Who performs and who checks are two people", "21 CFR 211.188(b)(11)"),
        "R36": ("Dispensing and addition are verified by a second person", "21 CFR 211.101(c)(d)"),
        "R37": ("Yield is calculated and independently verified", "21 CFR 211.103, 211.192"),
        "R38": ("Equipment is named in each step that matters, with a use log", "21 CFR 211.105(b), 211.182"),
        "R39": ("A time limit per phase is enforced", "21 CFR 211.111"),
        "R40": ("Line clearance and label reconciliation", "21 CFR 211.125, 211.130"),
        "R41": (
            "No release before Quality reviewed the record; deviations are investigated",
            "21 CFR 211.192",
        ),
        "R42": ("A test entry holds sample, method, raw values, calculation, analyst", "21 CFR 211.194(a)"),
        "R43": ("A critical manual entry has a second check", "Annex 11 §6"),
        "R44": ("The printout flags what was changed since the first entry", "Annex 11 §8.2"),
        "R45": (
            "The audit trail is reviewed before release, and that is recorded",
            "PI 041 §9.6, Annex 11 §9",
        ),
        "R46": ("Rights are audited, least, and apart from production", "Annex 11 §12.3, PI 041 §9.5"),
        "R47": ("Only the authorised role certifies, by name", "Annex 11 §15"),
        "R48": ("The network-down procedure is part of the product and tested", "Annex 11 §16"),
        "R49": ("An old export verifies without the server it came from", "Annex 11 §17"),
        "R50": (
            "Refused commands, broken chains and clock jumps leave a record to assess",
            "Annex 11 §13",
        ),
        "A5": ("What is hashed are the stored bytes", "rule of the journal"),
        "A11": ("Numbers come back digit for digit, gaps included", "rule of the tables"),
        "A13": (
            "Transcribed records say so, keep their source cell and invent nothing",
            "rule of the import",
        ),
    }
)
"""Requirement → what it asks, and where that comes from. R: regulators; A: rules of the product's own."""


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """One test that names a requirement."""

    requirement: str
    file: str
    sentence: str


def _marked(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="req"), args=[*clauses]):
                for clause in clauses:
                    if isinstance(clause, ast.Constant) and isinstance(clause.value, str):
                        yield clause.value
            case _:
                pass


def proofs_in(source: str, file: str) -> Iterator[Proof]:
    """The proofs of one test file. Raises SyntaxError."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for clause in _marked(node):
                yield Proof(clause, file, node.name.removeprefix("test_").replace("_", " "))


def proofs() -> list[Proof]:
    """Every proof, sorted."""
    return sorted(
        {
            each
            for path in sorted((ROOT / "tests").rglob("test_*.py"))
            for each in proofs_in(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
        }
    )


HEAD: Final = """\
# Requirements and the tests that prove them

Each line of the tables is a test of this repository, named by its sentence. The page is made from the tests' own
markers, and a test fails when the two differ: `uv run python -m tests.house.requirements_map` writes it anew.
`uv run pytest` runs all of them.

The requirements are a working list drawn from 21 CFR Part 11, 21 CFR 211, EU GMP Annex 11 and PIC/S PI 041. It is a
starting point for a plant's own traceability matrix and no statement of compliance: re-read the clauses before they go
into a validation document. A test proves what its sentence says, not always all that a clause asks for.
"""


def page() -> str:
    """The page as it should stand."""
    every = proofs()
    named = {each.requirement for each in every}
    lines = [HEAD]
    lines.append("## Named by at least one test\n")
    for clause in (each for each in CLAUSES if each in named):
        what, source = CLAUSES[clause]
        lines.append(f"### {clause} · {what}\n\n*{source}*\n\n| test | file |\n|---|---|")
        lines.extend(f"| {each.sentence} | `{each.file}` |" for each in every if each.requirement == clause)
        lines.append("")
    lines.append("## Named by no test yet\n")
    lines.append(
        "Some of these are partly built, some not at all; [security.md](security.md) says which. "
        "None of them is claimed.\n\n| | requirement | source |\n|---|---|---|"
    )
    lines.extend(
        f"| {clause} | {what} | {source} |"
        for clause, (what, source) in CLAUSES.items()
        if clause not in named
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

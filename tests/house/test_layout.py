"""The rooms are the agreed ones, and no file has a name that says nothing."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

TOP = {
    *("main.py", "app", "ui", "offline", "resources", "tests"),
    *("pyproject.toml", "uv.lock", "README.md", "LICENSE", "CHANGELOG.md"),
    *(".ci", ".gitignore", ".pre-commit-config.yaml"),
}
SAYS_NOTHING = re.compile(r"^_?(util|utils|helper|helpers|common|manager|managers|service|services|misc)$")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in listed.stdout.split("\0") if name]


def test_the_top_level_has_the_agreed_names_and_no_other() -> None:
    assert {path.parts[0] for path in tracked()} == TOP


def says_nothing(path: Path) -> bool:
    return path.suffix == ".py" and any(SAYS_NOTHING.match(each) for each in (*path.parts[:-1], path.stem))


def test_no_module_is_named_for_nothing() -> None:
    assert [path for path in tracked() if says_nothing(path)] == []


def test_the_check_on_names_can_fail() -> None:
    assert says_nothing(Path("app/utils/limits.py"))
    assert says_nothing(Path("app/service.py"))
    assert not says_nothing(Path("app/domain/limits.py"))


def test_every_package_says_what_it_is_for() -> None:
    packages = [path for path in tracked() if path.name == "__init__.py"]
    assert packages
    assert [
        path for path in packages if not (ROOT / path).read_text(encoding="utf-8").startswith('"""')
    ] == []


def test_the_lock_names_the_public_registry_alone() -> None:
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^/\"]+", text)) == {
        "https://pypi.org",
        "https://files.pythonhosted.org",
    }
    assert "file://" not in text


def test_no_package_that_keeps_secrets_in_a_plain_file_is_installed() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert not {package["name"] for package in lock["package"]} & {"keyrings-alt", "keyrings-cryptfile"}


def test_the_check_of_a_bare_machine_can_be_run() -> None:
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & 0o111
    line = subprocess.run([run, "--show"], capture_output=True, text=True, check=True).stdout.strip()
    assert line.endswith("uv run pytest")
    assert line in (ROOT / "README.md").read_text(encoding="utf-8")

"""The package as others install it, and the address that stands in one place."""
import ast
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from environments.run import build_wheel
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Colab's own torch and the versions listed for the second environment.
COLAB = {"torch": "2.11.0"} | dict(
    line.split("==") for line in (ROOT / "tests/environments/colab.txt").read_text().splitlines()
    if "==" in line and not line.startswith(("#", "torch"))
)


@pytest.mark.parametrize("dependency", PROJECT["dependencies"])
def test_installing_on_colab_moves_nothing_that_colab_has(dependency):
    requirement = Requirement(dependency)
    assert requirement.specifier.contains(COLAB[requirement.name])


def test_the_wheel_carries_the_package_whole(tmp_path):
    wheel = zipfile.ZipFile(build_wheel(tmp_path / "wheel"))
    inside = {name for name in wheel.namelist() if name.startswith("diffattn_mini/")}
    source = ROOT / "diffattn_mini"
    expected = {str(path.relative_to(ROOT)) for path in source.rglob("*") if path.suffix in {".py", ".mjs", ".typed"}}
    stored = {f"diffattn_mini/results/{path.name}" for path in (ROOT / "book/results").glob("*.json")}
    printed = {f"diffattn_mini/published/{path.name}" for path in (ROOT / "book/published").glob("*.csv")}
    assert stored and printed and inside == expected | stored | printed


def test_the_repository_address_stands_in_the_configuration_alone():
    """Generated notebooks follow it; whoever moves the book changes one line. While it is empty, no link is made."""
    url = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    address = "/".join(url.rstrip("/").split("/")[-2:]) if url else "colab.research.google.com/github"
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    holding = [name for name in listed if name and (ROOT / name).is_file()
               and address in (ROOT / name).read_text(encoding="utf-8", errors="ignore")]
    if url:
        assert [name for name in holding if not name.startswith("notebooks/")] == ["_config.yml"]
    else:
        assert [name for name in holding if name.startswith("notebooks/")] == []


# A room may import from those before it on its line; nothing imports from a room that is on no line of its own.
ROOMS = {
    "arrays": set(),
    "language": set(),
    "attention": {"arrays", "language"},
    "models": {"arrays", "language", "attention"},
    "lab": {"arrays", "language", "attention", "models"},
    "plots": {"arrays", "language", "attention", "models"},
    "widgets": {"arrays", "language", "attention", "models", "plots"},
    "explorers": set(),
    "check": {"arrays", "language", "attention", "models"},
}


def imported(path):
    """The rooms that a file imports from, at its top or inside a function."""
    here = path.relative_to(ROOT / "diffattn_mini").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = here[: len(here) - node.level]
            parts = (*above, *(node.module or "").split(".")) if node.module else above
            yield from (parts[:1] if parts else (name.name for name in node.names))
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (name.split(".")[1] for name in names if name.startswith("diffattn_mini."))


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
    package = ROOT / "diffattn_mini"
    assert {path.stem for path in package.iterdir()} - {"__init__", "py", "__pycache__"} == set(ROOMS)
    files = [package / f"{room}.py"] if (package / f"{room}.py").exists() else sorted((package / room).rglob("*.py"))
    taken = {name for path in files for name in imported(path)} - {room}
    assert taken <= ROOMS[room], f"{room} imports from {taken - ROOMS[room]}"

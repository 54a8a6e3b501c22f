"""A room may use what stands below it, never what stands above or beside it."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
ROOMS = ("detector", "roads", "training", "api", "cli")
MAY_USE = {
    "detector": set(),
    "roads": {"detector"},
    "training": {"detector"},
    "api": {"detector", "roads", "training"},
    "cli": {"detector", "roads", "training", "api"},
}
HEAVY = {"torch", "torchvision", "ultralytics", "openvino", "albumentations"}


def imports(path: Path, only_at_top: bool = False) -> set[str]:
    """Top-level packages that a file imports."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if only_at_top else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def files(room: str) -> list[Path]:
    return sorted((REPOSITORY / room).rglob("*.py"))


@pytest.mark.parametrize("room", [room for room in ROOMS if (REPOSITORY / room).is_dir()])
def test_a_room_uses_only_lower_rooms(room: str) -> None:
    assert files(room)
    forbidden = set(ROOMS) - MAY_USE[room] - {room} | {"tests", "benchmarks"}
    wrong = {str(f.relative_to(REPOSITORY)): imports(f) & forbidden for f in files(room)}
    assert not {f: w for f, w in wrong.items() if w}


@pytest.mark.parametrize("room", ["detector", "roads", "cli"])
def test_heavy_libraries_are_imported_where_they_are_used(room: str) -> None:
    wrong = {str(f.relative_to(REPOSITORY)): imports(f, only_at_top=True) & HEAVY for f in files(room)}
    assert not {f: w for f, w in wrong.items() if w}


def test_the_rule_is_broken_by_a_wrong_import(tmp_path: Path) -> None:
    file = tmp_path / "low.py"
    file.write_text("def f():\n    from roads.network import read_network\n    return read_network\n")
    assert imports(file) == {"roads"}


@pytest.mark.parametrize("room", ["detector", "roads", "training", "cli"])
def test_files_stay_short(room: str) -> None:
    long = {str(f.relative_to(REPOSITORY)): n for f in files(room) if (n := len(f.read_text().splitlines())) > 420}
    assert not long

"""No module of the tools needs itself, and no folder of theirs, by whatever it imports."""

import ast
from pathlib import Path
from typing import Dict, List, Set

import hotreload

PACKAGE = Path(hotreload.__file__).parent


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Set[str]:
    """What a module imports from the tools, inside functions and for type checkers, too."""
    found: Set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def cycle(graph: Dict[str, Set[str]]) -> List[str]:
    """Names that are left when everything that needs none of the others is taken away."""
    left = {name: (needed - {name}) & graph.keys() for name, needed in graph.items()}
    while True:
        free = [name for name, needed in left.items() if not needed & left.keys()]
        if not free:
            return sorted(left)
        for name in free:
            del left[name]


def test_modules_and_folders_have_no_circle_of_imports() -> None:
    modules = {module_name(path): imported(path) for path in PACKAGE.rglob("*.py")}
    assert cycle(modules) == []
    folders: Dict[str, Set[str]] = {}
    for name, needed in modules.items():
        if name.count(".") > 1:
            inside = {one.split(".")[1] for one in needed & modules.keys() if one.count(".") > 1}
            folders.setdefault(name.split(".")[1], set()).update(inside)
    assert cycle(folders) == []

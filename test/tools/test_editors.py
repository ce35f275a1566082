"""docs/editors.md: its problem matchers find what the commands print, and the files of that.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import pytest

from fake_device import FakeDevice
from project import Project
from test_watch import body, start

PAGE = Path(__file__).resolve().parents[2] / "docs" / "editors.md"


class Problem(NamedTuple):
    """As an editor lists it."""

    file: str
    line: int
    column: int
    severity: str
    message: str


def task(label: str) -> Dict[str, Any]:
    found = re.search(r"^```json\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    tasks: List[Dict[str, Any]] = json.loads(found.group(1))["tasks"]
    return next(one for one in tasks if one["label"] == label)


def find_problems(matcher: Dict[str, Any], output: List[str], project: Project) -> List[Problem]:
    """What VS Code makes of the lines: a relative path counts from the named directory."""
    kind, place = matcher["fileLocation"]
    assert kind == "autoDetect"
    directory = place.replace("${workspaceFolder}", str(project.root))
    pattern, found = matcher["pattern"], []
    for line in output:
        match = re.search(pattern["regexp"], line)
        if match:
            names = ("file", "line", "column", "severity", "message")
            file, row, column, severity, text = (match.group(pattern[name]) for name in names)
            path = str(Path(directory, file).resolve())
            found.append(Problem(path, int(row), int(column), severity, text))
    return found


@pytest.fixture
def broken(built: Project) -> Project:
    """An error in a source, one in a generated header, a warning, and a header that is missing."""
    built.flags += ["-I.", "-Wall"]
    built.write_ninja()
    (built.build / "generated.h").write_text("int g(void) { return }\n")
    built.write("a.c", '#include "generated.h"\nint f(void)\n{\n    int unused;\n    return x;\n}\n')
    built.write("b.c", '#include "missing.h"\n')
    built.write_ninja()
    built.describe()
    return built


EXPECTED = {
    ("build/generated.h", 1, 22, "error"): "expected expression",
    ("component/a.c", 5, 12, "error"): "'x' undeclared",
    ("component/a.c", 4, 9, "warning"): "unused variable",
    ("component/b.c", 1, 10, "error"): "missing.h: No such file",
}


def check(problems: List[Problem], project: Project) -> None:
    for (name, line, column, severity), text in EXPECTED.items():
        path = str(project.root / name)
        found = [p.message for p in problems if p[:4] == (path, line, column, severity)]
        assert any(text in message for message in found), (name, problems)
    for problem in problems:
        assert Path(problem.file).is_file(), problem


def test_reload(broken: Project, device: FakeDevice) -> None:
    described = task("reload")
    assert described["command"] == "idf.py reload"
    text = broken.fail("reload", "--build", str(broken.build), "--url", device.url)
    check(find_problems(described["problemMatcher"], text.splitlines(), broken), broken)


def test_watch(broken: Project, device: FakeDevice) -> None:
    """The list of problems is that of the last change: the watch says where one begins and ends."""
    described = task("watch")
    matcher = described["problemMatcher"]
    begins, ends = (matcher["background"][f"{name}Pattern"] for name in ("begins", "ends"))
    assert described["command"] == "idf.py watch" and described["isBackground"]
    with start(broken, device.url) as watch:
        check(find_problems(matcher, watch.lines, broken), broken)
        assert [line for line in watch.lines if re.search(ends, line)] == watch.lines[-1:]
        broken.write("b.c", "int g2(void) { return 1; }\n")
        broken.write("a.c", body(2))
        seen = watch.wait_for("Reloaded whole ")
        assert re.search(ends, seen[-1]) and any(re.search(begins, line) for line in seen)
        assert re.search(ends, "Patched: 1 function, 24 bytes")
        assert not re.search(begins, seen[-1])

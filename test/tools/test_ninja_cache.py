"""Ninja is asked about what was built since the last time, and about nothing else.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Iterable, List, Set

import pytest

from fake_device import FakeDevice
from hotreload.checks import ninja, ninja_cache
from hotreload.checks.inputs import InputFiles
from hotreload.checks.ninja import Deps, list_deps
from hotreload.description import Description, load_description
from project import Project
from test_watch import body


class Questions:
    """The names that ninja is asked about."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: List[str] = []
        self._count(monkeypatch, "query_inputs")
        self._count(monkeypatch, "list_deps")

    def _count(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        ask = getattr(ninja_cache, name)

        def counted(description: Description, names: Iterable[str]) -> Any:
            self.names += names
            return ask(description, names)

        monkeypatch.setattr(ninja_cache, name, counted)

    def take(self) -> List[str]:
        """The names since the last time."""
        names, self.names[:] = [*self.names], []
        return names


@pytest.fixture
def two(riscv: Project) -> Project:
    """A built project with two sources that include headers."""
    for name in ("a", "b"):
        riscv.write(f"{name}.h", f"int {name}(void);\n")
        riscv.write(f"{name}.c", f'#include "{name}.h"\nint {name}(void) {{ return 1; }}\n')
    riscv.make()
    return riscv


@pytest.fixture
def questions(two: Project, monkeypatch: pytest.MonkeyPatch) -> Questions:
    return Questions(monkeypatch)


def find_files(project: Project) -> Set[str]:
    """What one command finds, by the names of the project's own files."""
    description = load_description(str(project.build))
    inputs = InputFiles(description)
    inputs.refresh(description)
    inputs.save()
    return {os.path.basename(path) for path in inputs.files if Path(path).parent == project.sources}


def build(project: Project) -> None:
    subprocess.run(["ninja", "a.c.o", "b.c.o"], cwd=project.build, check=True)


def test_nothing_new(two: Project, questions: Questions) -> None:
    files = find_files(two)
    assert files >= {"a.c", "a.h", "b.c", "b.h"}
    assert {"a.c.o", "b.c.o"} <= set(questions.take())
    assert find_files(two) == files
    assert questions.take() == []


def test_one_object_is_built(two: Project, questions: Questions) -> None:
    """It includes another header now."""
    find_files(two)
    questions.take()
    two.write("new.h", "int a(void);\n")
    two.write("a.c", '#include "new.h"\nint a(void) { return 2; }\n')
    build(two)
    files = find_files(two)
    assert "new.h" in files and "a.h" not in files
    assert questions.take() == ["a.c.o"]


def test_generated_source(two: Project, questions: Questions) -> None:
    """No compiler reads anything for it; that is asked again when one has read something."""
    two.write("b.c", "int b(void) { return 3; }\n")
    path = two.build / "build.ninja"
    text = path.read_text().replace("build b.c.o: cc ", "build b.c.o: cc made.c || ")
    rule = "rule copy\n  command = cp $in $out\n"
    path.write_text(f"{text}\n{rule}build made.c: copy {two.sources / 'b.c'}\n")
    build(two)
    find_files(two)
    assert "made.c" in questions.take()
    find_files(two)
    assert questions.take() == []
    two.write("a.c", "int a(void) { return 2; }\n")
    build(two)
    find_files(two)
    assert sorted(questions.take()) == ["a.c.o", "made.c"]


def test_reload_leaves_no_question(
    built: Project, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks about the object that it has built, after the upload."""
    built.write("a.c", body(2))
    built.tool("reload", "--build", str(built.build), "--url", device.url)
    questions = Questions(monkeypatch)
    assert "a.c" in find_files(built)
    assert questions.take() == []


def test_command_that_fails_before_it_compiles(two: Project, questions: Questions) -> None:
    InputFiles(load_description(str(two.build))).save()
    assert questions.take() == []


def test_build_is_configured(two: Project, questions: Questions) -> None:
    find_files(two)
    known = set(questions.take())
    path = two.build / "build.ninja"
    path.write_text(path.read_text() + "# again\n")
    find_files(two)
    assert set(questions.take()) == known


def test_list_that_ninja_has_not_written_yet(
    two: Project, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another ninja runs: the object file is new, the list is old. It is used, but not kept."""
    def early(description: Description, names: Iterable[str]) -> List[Deps]:
        return [deps._replace(is_valid=False) for deps in list_deps(description, names)]

    with monkeypatch.context() as patch:
        patch.setattr(ninja_cache, "list_deps", early)
        assert "a.h" in find_files(two)
    questions.take()
    find_files(two)
    assert set(questions.take()) == {"a.c.o", "b.c.o"}


def test_what_ninja_calls_valid(two: Project) -> None:
    description = load_description(str(two.build))
    assert [deps.is_valid for deps in list_deps(description, ["a.c.o"])] == [True]
    (two.build / "a.c.o").unlink()
    assert [deps.is_valid for deps in list_deps(description, ["a.c.o"])] == [False]


def test_object_that_a_compiler_has_removed(two: Project, questions: Questions) -> None:
    """After an error its list is that of the last time, for as long as it is missing."""
    (two.build / "a.c.o").unlink()
    assert "a.h" in find_files(two)
    questions.take()
    assert "a.h" in find_files(two)
    assert questions.take() == ["a.c.o"]


@pytest.mark.parametrize("runs_always", [False, True])
def test_commands_are_asked_for_once(
    two: Project, monkeypatch: pytest.MonkeyPatch, runs_always: bool
) -> None:
    """Once for each configuration, also if it has a target that is always run."""
    path = two.build / "build.ninja"
    if runs_always:
        text = path.read_text().replace("b.c\n", "b.c || CMakeFiles/always\n", 1)
        path.write_text(f"{text}rule run\n  command = true\nbuild CMakeFiles/always: run\n")
        build(two)
    asked: List[str] = []
    ask = ninja_cache.find_causes

    def counted(description: Description, target: str) -> Any:
        asked.append(target)
        return ask(description, target)

    monkeypatch.setattr(ninja_cache, "find_causes", counted)
    inputs = InputFiles(load_description(str(two.build)))
    for configured in (1, 2):
        inputs.refresh(load_description(str(two.build)))
        for _ in range(2):
            inputs.learn_commands()
        assert asked == ["hotreload_objects"] * configured
        for changed in ([str(two.sources / "b.c")], []):
            inputs.begin_build()
            inputs.finish_build()
            commands = inputs.begin_without_ninja(changed)
            assert (commands is None) == runs_always
        path.write_text(path.read_text() + "# again\n")


def test_damaged_cache_counts_as_none(two: Project, questions: Questions) -> None:
    files = find_files(two)
    (path,) = two.build.rglob("inputs.records")
    content = path.read_bytes()
    for damaged in (b"", content[:-9], content.replace(b"a.h", b"b.h")):
        path.write_bytes(damaged)
        questions.take()
        assert find_files(two) == files
        assert {"a.c.o", "b.c.o"} <= set(questions.take())
        assert path.read_bytes() == content


def test_cache_that_cannot_be_written(two: Project, questions: Questions) -> None:
    files = find_files(two)
    (path,) = two.build.rglob("inputs.records")
    path.unlink()
    path.mkdir()
    assert find_files(two) == files


def test_more_names_than_a_command_may_have(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    description = load_description(str(two.build))
    names = ["a.c.o", "unknown", "b.c.o", "build.ninja"]
    known = [names[0], names[2]]
    asks = (
        lambda: ninja.list_deps(description, known),
        lambda: ninja.query_commands(description, known),
        lambda: ninja.query_inputs(description, names),
    )
    at_once = [ask() for ask in asks]
    assert all(len(answer) == 2 for answer in at_once)
    lengths: List[int] = []
    run = ninja.run_ninja

    def run_counted(description: Description, *arguments: str) -> Any:
        lengths.append(len([argument for argument in arguments if argument in names]))
        return run(description, *arguments)

    monkeypatch.setattr(ninja, "run_ninja", run_counted)
    monkeypatch.setattr(ninja, "_MOST_NAMES", 1)
    assert [ask() for ask in asks] == at_once
    assert set(lengths) == {1}
    assert ninja.list_deps(description, []) == [] != ninja.list_deps(description)

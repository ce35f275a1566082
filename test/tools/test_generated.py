"""Generated sources: the object that is there is that of the source, whatever ended a command.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, List

import pytest

from hotreload.description import load_description
from hotreload.errors import ToolError
from hotreload.module.generated import compile_generated
from project import Project


def compile_text(project: Project, text: str) -> bytes:
    description = load_description(str(project.build))
    return Path(compile_generated(description, "some.c", text, (), "a test")).read_bytes()


def test_command_that_is_killed(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the compiler writes the object."""
    first = compile_text(built, "int first;\n")

    def die(command: List[str], **_more: Any) -> None:
        Path(command[command.index("-o") + 1]).write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", die)
        with pytest.raises(KeyboardInterrupt):
            compile_text(built, "int second;\n")
    second = compile_text(built, "int second;\n")
    assert b"first" in first and b"second" in second and b"first" not in second
    assert compile_text(built, "int first;\n") == first


def test_compiler_that_fails(built: Project) -> None:
    compile_text(built, "int first;\n")
    for _ in range(2):
        with pytest.raises(ToolError, match="cannot compile .*some.c"):
            compile_text(built, "int first\n")
    assert not list(built.out.glob("some.o*"))

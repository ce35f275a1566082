"""The edits of examples/guards are caught as they say."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Tuple

import pytest

from emulated_project import Console
from guards import Edit, GuardsProject, find_difference, read_edits


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuple[GuardsProject, Console]]:
    """The component, and a board that runs it."""
    project = GuardsProject("riscv", tmp_path_factory.mktemp("guards"))
    project.restore()
    with project.boot(show=False) as console:
        yield project, console


@pytest.mark.parametrize("edit", read_edits(), ids=lambda edit: Path(edit.path).stem)
def test_edit(guarded: Tuple[GuardsProject, Console], edit: Edit) -> None:
    project, console = guarded
    sent, said = project.try_edit(edit, console)
    assert not find_difference(edit, sent, said), said
    start = console.count()
    console.wait_for("Hello, World", start)

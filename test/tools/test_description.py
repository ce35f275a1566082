"""hotreload.json: every field is checked, and the error says which.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, Optional

import pytest

from hotreload.commands.compile import load_current_description
from hotreload.description import Description, load_description
from hotreload.errors import ToolError
from hotreload.project_description import read_project_description
from project import Project

OPTIONAL = {"c_library", "compiler", "url"}
FIELDS = [name for name in Description._fields if name != "path"]


def error_of(project: Project) -> str:
    with pytest.raises(ToolError) as caught:
        load_description(str(project.build))
    return str(caught.value)


def test_all_fields(riscv: Project) -> None:
    path = riscv.describe(url="http://x:8080", partition_size=4096)
    description = load_description(str(riscv.build))
    assert description == load_description(str(path))
    assert (description.path, description.arch, description.chip) == (str(path), "riscv", 0xFF00)
    assert (description.url, description.partition_size) == ("http://x:8080", 4096)
    assert description.text_readable is True


@pytest.mark.parametrize("name", FIELDS)
def test_missing_field(riscv: Project, name: str) -> None:
    riscv.describe(**{name: ...})
    if name in OPTIONAL:
        assert getattr(load_description(str(riscv.build)), name) is None
    else:
        assert f"'{name}' is missing or not of type" in error_of(riscv)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [{}, [1], 1.5])
def test_wrong_type(riscv: Project, name: str, value: Any) -> None:
    riscv.describe(**{name: value})
    assert f"'{name}' is missing or not of type" in error_of(riscv)


def test_truth_is_not_a_number(riscv: Project) -> None:
    riscv.describe(chip=True)
    assert "'chip' is missing or not of type int" in error_of(riscv)


def test_unknown_choices(riscv: Project) -> None:
    riscv.describe(arch="arm")
    assert "'arch' is 'arm', not one of riscv, xtensa" in error_of(riscv)
    riscv.describe(identity="name")
    assert "'identity' is 'name', not one of build-id, sha256" in error_of(riscv)


@pytest.mark.parametrize("is_moved", [False, True])
def test_copied_build_directory(riscv: Project, is_moved: bool) -> None:
    """Its hotreload.json names the files of the first one."""
    riscv.describe()
    first = riscv.build
    riscv.build = riscv.root / "copy"
    shutil.copytree(first, riscv.build)
    if is_moved:
        shutil.rmtree(first)
    text = error_of(riscv)
    assert f"{riscv.build}/hotreload/hotreload.json was made for {first}: " in text
    assert "Remove it and build again" in text


def test_other_paths_of_the_build_directory(
    riscv: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = riscv.describe()
    link, file_link = riscv.root / "link", riscv.root / "some.json"
    link.symlink_to(riscv.build)
    file_link.symlink_to(path)
    monkeypatch.chdir(riscv.out)
    places = [link, link / "hotreload/hotreload.json", file_link, riscv.out / "..", "..", path.name]
    for place in map(str, places):
        assert load_description(place).build_dir == str(riscv.build)
    riscv.out.rename(riscv.root / "elsewhere")
    os.symlink(riscv.root / "elsewhere", riscv.out)
    assert load_description(str(riscv.build)).build_dir == str(riscv.build)


def test_a_build_without_a_module(riscv: Project) -> None:
    """Its reason is told; what is unreadable in it, too."""
    path, ninja = riscv.describe(), str(riscv.root / "ninja")
    description = path.read_text()
    about = {"format": 1, "no_module": "hot reload is off.", "build_dir": str(riscv.build)}
    path.write_text(json.dumps(about))
    assert "'ninja' is missing" in error_of(riscv)
    path.write_text(json.dumps({**about, "ninja": ninja}))
    assert error_of(riscv) == (
        "hot reload is off; then build the firmware and flash it (idf.py build flash)"
    )
    with pytest.raises(ToolError, match="cannot run .*/ninja in"):
        load_current_description(str(riscv.build))
    (riscv.root / "by_cmake").write_text(description)
    Path(ninja).write_text(f"#!/bin/sh\ncp {riscv.root}/by_cmake {path}\n")
    os.chmod(ninja, 0o755)
    assert load_current_description(str(riscv.build)).project == "test"


def test_unreadable_files(riscv: Project) -> None:
    assert "build the project first" in error_of(riscv)
    path = riscv.describe()
    path.write_text("{")
    assert "is not JSON" in error_of(riscv)
    path.write_text("[]")
    assert "is not of format 1" in error_of(riscv)
    riscv.describe(format=2)
    assert "is not of format 1: run CMake of this version" in error_of(riscv)


def test_paths_have_the_separators_of_the_system(
    riscv: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMake writes slashes on Windows as well."""
    riscv.write("a.c", "int f(void) { return 1; }\n")
    riscv.make()
    with monkeypatch.context() as windows:
        windows.setattr(os, "sep", "\\")
        description = load_description(str(riscv.build))
    assert description.build_dir == str(riscv.build).replace("/", "\\")
    assert all("/" not in path for path in [*description.objects, *description.watch_dirs])


@pytest.mark.parametrize(
    "content, read",
    [(None, {}), ("nonsense", {}), ("[1]", {}), ('{"target": "esp32"}', {"target": "esp32"})],
)
def test_what_esp_idf_says_of_a_build(
    tmp_path: Path, content: Optional[str], read: Dict[str, str]
) -> None:
    if content is not None:
        (tmp_path / "project_description.json").write_text(content)
    assert read_project_description(str(tmp_path)) == read

"""Versions agree, the tools install as a Python package, and the component's package is whole.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Set

import pytest
import yaml

import component_package
import release_notes
from checked import ROOT, passes, run
from hotreload import description
from hotreload.module import module_format

MANIFEST = yaml.safe_load((ROOT / "idf_component.yml").read_text(encoding="utf-8"))
VERSION = MANIFEST["version"]


def test_every_file_has_the_same_version() -> None:
    assert set(release_notes.read_versions().values()) == {VERSION}


def test_release_notes_are_the_changelogs_entry() -> None:
    notes = passes(sys.executable, "scripts/release_notes.py", f"v{VERSION}")
    assert "### Added" in notes and "\n## " not in notes


def test_another_tag_is_not_released() -> None:
    result = run(sys.executable, "scripts/release_notes.py", "v99.0.0")
    assert result.returncode != 0
    assert all(name in result.stdout for name in release_notes.read_versions())


def test_compatibility_table_has_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {re.escape(VERSION)} \|(.*)\|$", changelog, re.MULTILINE)
    assert row, f"CHANGELOG.md has no row for {VERSION}"
    module, record, json, idf, python = (cell.strip() for cell in row.group(1).split("|"))
    assert int(module) == module_format.FORMAT_VERSION
    assert int(record) == module_format.RECORD_FORMAT
    assert int(json) == description.FORMAT
    assert MANIFEST["dependencies"]["idf"] == f">={idf.split()[0]}"
    requires = f'requires-python = ">={python.split()[0]}"'
    assert requires in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository: builds write into the source tree."""
    return component_package.copy_repository(tmp_path / "copy")


def test_python_package(copy: Path, tmp_path: Path) -> None:
    """Installed into an environment of its own, the command works without the repository."""
    passes(sys.executable, "-m", "venv", "--system-site-packages", str(tmp_path / "venv"))
    binaries = tmp_path / "venv" / "bin"
    passes(
        *(str(binaries / "python"), "-m", "pip", "install", "-q", "--no-index"),
        *("--no-build-isolation", "--no-deps", str(copy)),
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def hotreload(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(binaries / "hotreload"), *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    assert hotreload("--version").stdout.strip() == f"hotreload, version {VERSION}"
    assert "reload" in hotreload("--help").stdout
    assert hotreload("secret", "--output-dir", str(tmp_path)).returncode == 0
    assert re.fullmatch("[0-9a-f]{64}", (tmp_path / "secret.key").read_text().strip())
    failed = hotreload("status", "--build", "nosuch")
    assert failed.returncode == 1 and "nosuch" in failed.stdout


def test_recorded_session_shows_a_patch_and_a_refusal() -> None:
    session = ROOT / "docs" / "session.svg"
    text = "".join(ElementTree.parse(session).getroot().itertext())
    for words in ("Patched: 1 function, ", "Good morning, World", "Not reloaded: "):
        assert words in text
    paths = set(re.findall(r"(?:[\s']|-I)(/\w+/\w+)", text))
    assert paths <= {"/tmp/hotreload", "/usr/bin"}, "paths of one machine"
    assert session.stat().st_size < 150_000  # README.md shows it


def listed(copy: Path) -> Set[str]:
    return {path.as_posix() for path in component_package.list_package(copy)}


def test_component_package_has_what_users_need(copy: Path) -> None:
    packed = listed(copy)
    assert {name for name in packed if "/" not in name} == {
        *("API.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "HOW_IT_WORKS.md"),
        *("LICENSE", "README.md", "SECURITY.md", "CMakeLists.txt", "Kconfig"),
        *("idf_component.yml", "idf_ext.py", "project_include.cmake", "pyproject.toml"),
        *("cmake", "docs", "examples", "include", "port", "src", "tools"),
    }
    assert {name for name in packed if re.match("(examples|port)/[^/]*$", name)} == {
        *("examples/basic", "examples/cooperative", "port/esp_idf")
    }
    for folder in ("src", "include", "tools", "cmake", "port/esp_idf", "examples/basic",
                   "examples/cooperative"):
        for path in (copy / folder).rglob("*"):
            assert path.relative_to(copy).as_posix() in packed


def test_component_manager_packs_the_same(copy: Path, tmp_path: Path) -> None:
    if shutil.which("compote") is None:
        pytest.skip("no compote: ESP-IDF's environment is not active (its export.sh)")
    # That of an old ESP-IDF knows none of the newest chips.
    targets = {"IDF_COMPONENT_MANAGER_KNOWN_TARGETS": ",".join(MANIFEST["targets"])}
    before = listed(copy)
    result = subprocess.run(
        ["compote", "component", "pack", "--name", "hotreload", "--dest-dir", str(tmp_path)],
        cwd=copy,
        env={**os.environ, **targets},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout
    with tarfile.open(tmp_path / f"hotreload_{VERSION}.tgz") as archive:
        names = {name.strip("./") for name in archive.getnames()}
    assert {name for name in names if name} == before

"""The files in .github are right, as far as that can be known without GitHub.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Dict, Set

import pytest
import yaml

from checked import ROOT, list_files, run

NPM = ROOT / os.environ.get("BUILD", "build") / "npm" / "node_modules"
ACTIONLINT = NPM / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
GITHUB = ROOT / ".github"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def lint(directory: Path) -> "tuple[int, str]":
    if not ACTIONLINT.is_file() or shutil.which("node") is None:
        pytest.skip("no actionlint: scripts/install-packages.sh test could not get it from npm")
    result = run("node", str(ACTIONLINT), ".github/workflows/*.yml", cwd=directory)
    return result.returncode, result.stdout


def test_actionlint_accepts_the_workflows() -> None:
    code, output = lint(ROOT)
    count = len(list_files(".github/workflows/*.yml"))
    assert count and f"Checking {count} workflow file" in output
    assert code == 0, output


def test_actionlint_refuses_a_broken_workflow(tmp_path: Path) -> None:
    workflows = tmp_path / ".github" / "workflows"
    shutil.copytree(GITHUB / "workflows", workflows)
    test = workflows / "test.yml"
    text = test.read_text(encoding="utf-8").replace("$GITHUB_WORKSPACE", "${{ github.nosuch }}")
    test.write_text(text.replace("ubuntu-latest", "ubuntu-oldest"), encoding="utf-8")
    code, output = lint(tmp_path)
    assert code != 0
    assert '"ubuntu-oldest" is unknown' in output and '"nosuch" is not defined' in output


def test_every_chip_is_built() -> None:
    """By the newest ESP-IDF of the matrix; and by an older one, none that a newer one lacks."""
    matrix = read(GITHUB / "workflows" / "esp_idf.yml")["jobs"]["build"]["strategy"]["matrix"]
    chips: Dict[str, Set[str]] = {idf: set(matrix["chip"]) for idf in matrix["idf"]}
    for extra in matrix["include"]:
        assert extra["chip"] not in chips[extra["idf"]], f"twice: {extra}"
        chips[extra["idf"]].add(extra["chip"])
    targets = set(read(ROOT / "idf_component.yml")["targets"])
    versions = sorted(chips)
    assert chips[versions[-1]] == targets
    for older, newer in zip(versions, versions[1:]):
        assert chips[older] <= chips[newer], f"{older} has chips that {newer} lacks"


def test_issue_forms_have_what_github_requires() -> None:
    forms = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "feature.yml")]
    for form in map(read, forms):
        assert form["name"] and form["description"]
        fields = [field for field in form["body"] if field["type"] != "markdown"]
        assert all(field["attributes"]["label"] for field in fields)
        identifiers = [field["id"] for field in fields]
        assert len(identifiers) == len(set(identifiers)) > 0


def test_pre_commit_runs_what_the_tests_run() -> None:
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["clang-format", "flake8", "mypy"]
    assert all(hook["language"] == "system" for hook in hooks)  # works without a network

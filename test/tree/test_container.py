"""The container, as far as that can be known without Docker.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re

from checked import ROOT, passes

FOLDER = ROOT / ".devcontainer"


def test_container_installs_all_that_make_test_does() -> None:
    instructions = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    targets = re.findall(r"install-packages\.sh (demo[\w ]*?) *(?:&&|$)", instructions, re.M)
    wanted = re.search(r"^test:\n\t@scripts/install-packages\.sh (.*)$", read_makefile(), re.M)
    assert wanted and targets == [wanted.group(1)]
    assert "\nFROM debian:12\n" in instructions
    copied = re.findall(r"^COPY (\S+)", instructions, re.MULTILINE)
    assert copied and all((ROOT / source).exists() for source in copied)


def read_makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


def test_script_runs_before_the_rest_is_copied() -> None:
    passes("sh", "-n", "scripts/install-packages.sh")
    script = (ROOT / "scripts" / "install-packages.sh").read_text(encoding="utf-8")
    assert "scripts/" not in script.split("set -eu")[1]


def test_dev_container_is_that_container() -> None:
    content = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    build = content["build"]
    assert (FOLDER / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (FOLDER / build["context"]).resolve() == ROOT

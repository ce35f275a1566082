"""The container, as far as that can be known without Docker.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re

from checked import ROOT

FOLDER = ROOT / ".devcontainer"


def test_container_installs_all_that_make_test_does() -> None:
    instructions = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    targets = re.findall(r"install-packages\.sh (demo[\w ]*?) *(?:&&|$)", instructions, re.M)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    wanted = re.search(r"^test:\n\t@scripts/install-packages\.sh (.*)$", makefile, re.M)
    assert wanted and targets == [wanted.group(1)]
    assert "\nFROM debian:12\n" in instructions
    copied = re.findall(r"^COPY (\S+)", instructions, re.MULTILINE)
    assert copied and all((ROOT / source).exists() for source in copied)


def test_dev_container_is_that_container() -> None:
    content = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    build = content["build"]
    assert (FOLDER / build["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert (FOLDER / build["context"]).resolve() == ROOT

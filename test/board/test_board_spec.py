"""docs/spec.md is enough to write a sender: the one in it works as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from board_build import ROOT, Build
from emulated_board import Board


def test_the_sender_of_the_specification(board: Board, build: Build, tmp_path: Path) -> None:
    with open(os.path.join(ROOT, "docs", "spec.md"), encoding="utf-8") as file:
        (sender,) = re.findall(r"^```python\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    module = tmp_path / "module.bin"
    secret = tmp_path / "secret.key"
    module.write_bytes(build.module(2))
    secret.write_text(build.secret.hex() + "\n")
    url = f"http://127.0.0.1:{board.port}"
    answer = subprocess.run([sys.executable, "-c", sender, url, str(module), str(secret)],
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    assert json.loads(answer)["size"] == len(build.module(2))
    board.wait_for_round(2)

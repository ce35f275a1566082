"""The basic example on the emulated board, and a cold `reload` of it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Iterator

from board_build import ROOT, Build
from emulated_board import Board


def reload(build: Build, *options: str) -> str:
    """A cold `reload`, which must succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
    environment["PYTHONPATH"] = os.path.join(ROOT, "tools")
    result = subprocess.run(
        [sys.executable, "-m", "hotreload", "reload", "--build", build.dir, *options],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return result.stdout


@contextlib.contextmanager
def boot(build: Build, *options: str) -> Iterator[Board]:
    place = ["--flash", build.generated("partition.bin"), "--port", "0", "--poll", "20"]
    board = Board([*build.qemu, build.firmware, *place, *options])
    try:
        yield board
    finally:
        board.kill()

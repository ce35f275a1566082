"""hotreload_start(): automatic reloads, callbacks and events, executed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from board_build import HERE, ROOT, Build
from emulated_board import Board

sys.path.insert(0, os.path.join(ROOT, "tools"))

from hotreload.module.store_image import make_partition_image  # noqa: E402

START = os.path.join(HERE, "start")


def reload(build: Build, board: Board, *options: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
    environment["PYTHONPATH"] = os.path.join(ROOT, "tools")
    url = f"http://127.0.0.1:{board.port}"
    result = subprocess.run(
        [sys.executable, "-m", "hotreload", "reload", "--build", build.dir, "--url", url, *options],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture()
def started(core: str, tmp_path: Path) -> Build:
    firmware, component = os.path.join(START, "firmware"), os.path.join(START, "steps")
    return Build(str(tmp_path), core, firmware, component)


@pytest.fixture()
def boot(started: Build) -> Iterator[Callable[..., Board]]:
    boards: List[Board] = []

    def start(*options: str) -> Board:
        place = ["--flash", started.generated("partition.bin"), "--port", "0", "--poll", "20"]
        boards.append(Board([*started.qemu, started.firmware, *place, *options]))
        return boards[-1]

    yield start
    for board in boards:
        board.kill()


def test_reloads_by_itself(started: Build, boot: Callable[..., Board]) -> None:
    """A patch at once, a whole module between the callbacks; and what the events say."""
    board = boot()
    board.wait_for("^application: after ESP_OK")
    board.wait_for("^start: ESP_OK, loaded: 1")
    board.wait_for("^event: loaded 1 $")
    board.wait_for("^version 1, count 3$")

    start = board.now()
    started.edit("steps.c", "count++);", "count++ + 1000000);")
    assert "Patched" in reload(started, board)
    board.wait_for("^event: uploaded 2 $", start)
    board.wait_for("^event: patched 2 $", start)
    board.wait_for(r"^version 1, count 1\d{6}$", start)
    board.wait_for("^event: marked valid 2 $", start)
    lines = board.lines[start:]
    assert not any("after" in line or "before" in line for line in lines), lines

    start = board.now()
    started.edit("steps.c", "version %d", "release %d")
    assert "whole" in reload(started, board, "--whole")
    board.wait_for("^application: before$", start)
    board.wait_for("^stop in a callback: ESP_ERR_INVALID_STATE$", start)
    board.wait_for("^application: after ESP_OK$", start)
    board.wait_for("^event: loaded 3 $", start)
    board.wait_for("^release 1, count 1000000$", start)
    assert board.get("/status").json["last_error"] is None


def test_waits_until_the_task_has_left(started: Build, boot: Callable[..., Board]) -> None:
    board = boot("inside")
    board.wait_for("^version 1, count 3$")
    started.edit("steps.c", "version %d", "release %d")
    reload(started, board, "--whole")
    board.wait_for("^event: failed 0 task main is inside the module")
    board.wait_for("^application: after ESP_OK$")
    first = board.wait_for(r"^release 1, count (\d+)$")
    assert first.group(1) == "0"
    refusals = [line for line in board.lines if "E (" in line and "task main is inside" in line]
    assert len(refusals) == 1, board.lines


def test_a_module_that_does_not_fit(started: Build, boot: Callable[..., Board]) -> None:
    """As after an update of the firmware alone: one line with the command, and a reload is enough."""
    image = Path(started.generated("partition.bin"))
    module = Path(started.generated("module.bin")).read_bytes()
    board = boot()
    identity = bytes.fromhex(str(board.get("/status").json["firmware"]))
    board.kill()
    foreign = module.replace(identity, bytes(byte ^ 0xFF for byte in identity))
    assert foreign != module
    image.write_bytes(make_partition_image(foreign, image.stat().st_size))
    board = boot()
    board.wait_for("load failed: the module in the partition was linked with another firmware: "
                   "run idf.py reload")
    board.wait_for("^application: after ESP_ERR_INVALID_VERSION")
    board.wait_for("^start: ESP_OK, loaded: 0")
    assert board.get("/status").json["loaded"] is False
    reload(started, board)
    board.wait_for("^version 1, count 0$")


def test_stops_and_starts_again(started: Build, boot: Callable[..., Board]) -> None:
    board = boot("stop")
    board.wait_for("^stop: ESP_OK$")
    board.wait_for("^again: ESP_ERR_INVALID_STATE$")
    start = board.now()
    board.wait_for("^start: ESP_OK, loaded: 1", start)
    board.wait_for("^version 1, count 1$", start)

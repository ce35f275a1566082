"""Modules that run from RAM before the flash has them: --settle-pause decides when that happens.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import pytest
from board_build import Build
from emulated_board import Board, StartBoard, recordable

NOT_YET = ("--ram-first", "--settle-pause", "3600000", "--trial", "3600000")
AT_ONCE = ("--ram-first", "--settle-pause", "0", "--trial", "3600000")
NULL = "int *volatile nowhere = 0; return *nowhere;"


def reload(board: Board, build: Build, version: int, sequence: int) -> None:
    """Uploads a version and waits until it runs."""
    start = board.now()
    answer = board.upload(build.module(version), build.secret)
    assert (answer.status, answer.json["sequence"]) == (200, sequence), answer.body
    board.wait_for(f"module {sequence} received into RAM", start)
    board.wait_for_round(version, start)
    assert board.get("/status").json["sequence"] == sequence


def is_stored(board: Board) -> bool:
    return bool(board.get("/status").json["stored"])


def test_runs_before_it_is_stored(start_board: StartBoard, build: Build) -> None:
    board = start_board(*NOT_YET)
    board.wait_for_round(1)
    assert is_stored(board)
    reload(board, build, 2, 2)
    assert not is_stored(board)
    # The next upload stores it first.
    reload(board, build, 3, 3)
    board.wait_for("module 2 stored")
    assert not is_stored(board)
    board.kill()
    start_board().wait_for_round(2)


def test_is_stored_afterwards(start_board: StartBoard, build: Build) -> None:
    board = start_board(*AT_ONCE)
    board.wait_for_round(1)
    reload(board, build, 2, 2)
    board.wait_for("module 2 stored")
    assert is_stored(board)
    assert board.get("/status").json["trial"] is True
    board.kill()
    again = start_board("--reset-reason", "panic")
    again.wait_for_round(1)
    again.wait_for("module 2 crashed on trial, module 1 runs")


@pytest.mark.parametrize("version", [2, 3])
def test_slow_flash(start_board: StartBoard, build: Build, version: int) -> None:
    board = start_board("--ram-first", "--slow-flash")
    board.wait_for_round(1)
    reload(board, build, version, 2)
    board.wait_for("module 2 stored")
    board.kill()
    start_board().wait_for_round(version)


def test_crash_before_it_is_stored(start_board: StartBoard, build: Build) -> None:
    """The old module is on trial too, and is not taken for the one that crashed."""
    board = start_board(*AT_ONCE)
    board.wait_for_round(1)
    reload(board, build, 2, 2)
    board.wait_for("module 2 stored")
    board.kill()

    crashing = start_board(*NOT_YET)
    crashing.wait_for_round(2)
    assert crashing.upload(build.module_that(NULL), build.secret).status == 200
    assert crashing.wait_for_exit() != 0
    text = "module 3 crashed and is not stored, module 2 runs"
    again = start_board("--reset-reason", "panic", *NOT_YET)
    again.wait_for_round(2)
    again.wait_for(text)
    status = again.get("/status").json
    assert (status["sequence"], status["trial"], status["rollback"]) == (2, True, text)
    again.kill()

    blamed = start_board("--reset-reason", "panic")
    blamed.wait_for_round(1)
    blamed.wait_for("module 2 crashed on trial, module 1 runs")


def test_power_cut_before_it_is_stored(start_board: StartBoard, build: Build) -> None:
    board = start_board(*NOT_YET)
    board.wait_for_round(1)
    reload(board, build, 2, 2)
    board.kill()
    again = start_board()
    again.wait_for_round(1)
    assert again.get("/status").json["rollback"] is None


def test_flash_that_fails_afterwards(start_board: StartBoard, build: Build) -> None:
    board = start_board(*AT_ONCE, "--flash-fault", "erase:1")
    board.wait_for_round(1)
    answer = board.upload(build.module(2), build.secret)
    assert answer.status == 200, answer.body
    board.wait_for("module 2 stays in RAM, it was not stored: partition")
    board.wait_for_round(2)
    status = board.get("/status").json
    assert (status["loaded"], status["stored"]) == (True, False)
    assert str(status["last_error"])
    reload(board, build, 3, 3)
    board.wait_for("module 3 stored")
    assert is_stored(board)


def test_too_little_ram(start_board: StartBoard, build: Build) -> None:
    """The module does not fit beside its copy, then not even the copy."""
    ample = start_board()
    ample.wait_for_round(1)
    status = ample.get("/status").json
    ample.kill()
    module = build.module(2)
    loaded = int(status["text"]["size"]) + int(status["data"]["size"])  # type: ignore[index]

    board = start_board("--ram", str(loaded + len(module) + loaded - 64), *NOT_YET)
    board.wait_for_round(1)
    reload(board, build, 2, 2)
    board.wait_for("module 2 stored")
    assert is_stored(board)
    board.kill()

    board = start_board("--ram", str(loaded + len(module) - 1), *NOT_YET)
    board.wait_for_round(2)
    assert board.upload(build.module(3), build.secret).status == 200
    board.wait_for("the upload is stored before it runs: no .* bytes of RAM to hold the module in")
    board.wait_for("module 3 stored")


def test_an_hmac_alone_is_stored_first(start_board: StartBoard, build: Build) -> None:
    board = start_board("--accept-replayed", *NOT_YET)
    board.wait_for_round(1)
    module = build.module(2)
    answer = board.upload(module, build.secret, **recordable(module, build.secret))
    assert answer.status == 200, answer.body
    board.wait_for("module 2 stored")
    board.wait_for_round(2)
    assert is_stored(board)

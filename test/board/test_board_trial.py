"""Modules that crash on trial: the next boot goes back, says so, and never tries them again.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import signal

import pytest
from board_build import Build
from emulated_board import PANIC, USAGE, Board, StartBoard

NULL = "int *volatile nowhere = 0; return *nowhere;"
TRAP = "__builtin_trap();"
ABORT = "void abort(void); abort();"
LOOP = 'int printf(const char *, ...); printf("loop %d\\n", 1); for (volatile int i = 0;; i++) {}'
LATER = "static int calls; int *volatile nowhere = 0; return ++calls < 5 ? 9 : *nowhere;"

ROLLBACK = "module 2 crashed on trial, module 1 runs"
LONG = ("--trial", "3600000")


def upload(board: Board, build: Build, module: bytes) -> None:
    answer = board.upload(module, build.secret)
    assert answer.status == 200, answer.body


def expect_rolled_back(board: Board, text: str = ROLLBACK) -> None:
    """The first version runs, and log and status say why."""
    board.wait_for_round(1)
    board.wait_for(text)
    status = board.get("/status").json
    assert (status["loaded"], status["trial"], status["rollback"]) == (True, False, text)
    assert board.get("/pending").json == {"pending": False}


@pytest.mark.parametrize("statements", [NULL, TRAP, ABORT, LATER], ids=["null", "trap", "abort", "later"])
def test_crash_on_trial(start_board: StartBoard, build: Build, statements: str) -> None:
    board = start_board(*LONG)
    board.wait_for_round(1)
    upload(board, build, build.module_that(statements))
    code = board.wait_for_exit()
    # A signal, the abort() of the board, or that of QEMU, which knows no break on Xtensa.
    assert code not in (0, USAGE)

    again = start_board("--reset-reason", "panic", *LONG)
    expect_rolled_back(again)
    again.kill()
    unplugged = start_board(*LONG)
    expect_rolled_back(unplugged)

    start = unplugged.now()
    upload(unplugged, build, build.module(2))
    unplugged.wait_for_round(2, start)
    status = unplugged.get("/status").json
    assert (status["sequence"], status["trial"], status["rollback"]) == (3, True, None)


def test_crash_of_a_good_module_changes_nothing(start_board: StartBoard) -> None:
    assert start_board("unload").wait_for_exit() == PANIC
    board = start_board("--reset-reason", "panic")
    board.wait_for_round(1)
    assert board.get("/status").json["rollback"] is None


def test_endless_loop_on_trial(start_board: StartBoard, build: Build) -> None:
    board = start_board(*LONG)
    board.wait_for_round(1)
    upload(board, build, build.module_that(LOOP))
    board.wait_for("^loop 1$")
    board.kill()  # by a watchdog
    expect_rolled_back(start_board("--reset-reason", "watchdog", *LONG))


def test_power_cut_on_trial(start_board: StartBoard, build: Build) -> None:
    """Not a crash: the module is on trial again, and can still fail."""
    board = start_board(*LONG)
    board.wait_for_round(1)
    upload(board, build, build.module(2))
    board.wait_for_round(2)
    board.kill()
    again = start_board(*LONG)
    again.wait_for_round(2)
    status = again.get("/status").json
    assert (status["trial"], status["rollback"]) == (True, None)
    again.kill()
    expect_rolled_back(start_board("--reset-reason", "panic", *LONG))


def test_every_crash_is_rolled_back(start_board: StartBoard, build: Build) -> None:
    """One bad upload after the other, as in a bad hour of a developer."""
    board = start_board(*LONG)
    for sequence in range(2, 6):
        board.wait_for_round(1)
        upload(board, build, build.module_that(NULL))
        assert board.wait_for_exit() == -signal.SIGSEGV
        board = start_board("--reset-reason", "panic", *LONG)
        expect_rolled_back(board, f"module {sequence} crashed on trial, module 1 runs")


def test_time_makes_a_module_good(start_board: StartBoard, build: Build) -> None:
    board = start_board("--trial", "100")
    board.wait_for_round(1)
    assert board.get("/status").json["trial"] is False, "it was flashed by cable"
    upload(board, build, build.module(2))
    board.wait_for("module 2 is good")
    assert board.get("/status").json["trial"] is False
    board.kill()
    later = start_board("--reset-reason", "panic", *LONG)
    later.wait_for_round(2)
    status = later.get("/status").json
    assert (status["sequence"], status["trial"], status["rollback"]) == (2, False, None)


def test_trial_of_a_replaced_module_marks_nothing(start_board: StartBoard, build: Build) -> None:
    board = start_board(*LONG)
    board.wait_for_round(1)
    upload(board, build, build.module(2))
    board.wait_for_round(2)
    upload(board, build, build.module(3))
    board.wait_for_round(3)
    board.kill()
    text = "module 3 crashed on trial, module 1 runs"
    expect_rolled_back(start_board("--reset-reason", "panic", *LONG), text)


def test_no_timer_marks_a_module_when_told_so(start_board: StartBoard, build: Build) -> None:
    board = start_board("--trial", "0")
    board.wait_for_round(1)
    upload(board, build, build.module(2))
    board.wait_for_round(2)
    board.wait_for_round(2, board.now())
    assert board.get("/status").json["trial"] is True


def test_full_partition_during_a_trial(build: Build, start_board: StartBoard, flash: str) -> None:
    """Room for two: a third has to wait until one of them is known to be good or bad."""
    with open(flash, "r+b") as file:
        sectors = -(-(128 + len(build.module(2))) // 4096)
        file.truncate(2 * 4096 * sectors)
    board = start_board(*LONG)
    board.wait_for_round(1)
    upload(board, build, build.module(2))
    board.wait_for_round(2)
    answer = board.upload(build.module(3), build.secret)
    assert answer.status == 413
    assert f"make it {3 * 4096 * sectors} or more" in answer.body
    board.kill()
    again = start_board("--trial", "50")
    again.wait_for("module 2 is good")
    upload(again, build, build.module(3))
    again.wait_for_round(3)

"""Uploads that are reloaded, and what a reload leaves alone."""

from __future__ import annotations

import os
import subprocess
import sys

from board_build import ROOT, Build
from emulated_board import PANIC, Board, StartBoard


def test_new_code_runs_and_data_begins_afresh(board: Board, build: Build) -> None:
    before = board.now()
    answer = board.upload(build.module(2), build.secret)
    assert answer.status == 200, answer.body
    assert answer.json["status"] == "ok"
    assert answer.json["size"] == len(build.module(2))
    assert board.wait_for_round(2, before) == 1100  # the count of the first call
    board.wait_for(r"^constructor of version 2$", before)
    board.wait_for(r"^destructor after \d+ calls$", before)
    status = board.get("/status").json
    assert (status["loaded"], status["pending"], status["last_error"]) == (True, False, None)
    assert (status["sequence"], status["reloads"]) == (2, 2)


def test_pending_before_the_reload(start_board: StartBoard, build: Build) -> None:
    board = start_board("--poll", "60000")
    board.wait_for_round(1)
    assert board.get("/pending").json == {"pending": False}
    assert board.upload(build.module(2), build.secret).status == 200
    assert board.get("/pending").json == {"pending": True}
    assert board.get("/status").json["pending"] is True


def upload_and_run(board: Board, build: Build, version: int) -> str:
    """Uploads a version, waits for its reload; returns its text's run address."""
    before = board.now()
    assert board.upload(build.module(version), build.secret).status == 200
    board.wait_for("reload: ESP_OK", before)
    return board.get("/status").json["text"]["address"]


def test_code_at_an_address_that_ran_other_code(board: Board, build: Build) -> None:
    first = board.get("/status").json["text"]["address"]
    assert upload_and_run(board, build, 2) != first
    board.wait_for_round(2)
    before = board.now()
    assert upload_and_run(board, build, 3) == first
    board.wait_for_round(3, before)


def test_without_sync_the_old_code_would_run(start_board: StartBoard, build: Build) -> None:
    """The board is only a test of hotreload_port_sync() if leaving it out is noticed."""
    board = start_board("--skip-sync")
    board.wait_for_round(1)
    first = board.get("/status").json["text"]["address"]
    upload_and_run(board, build, 2)
    board.wait_for_round(2)
    before = board.now()
    assert upload_and_run(board, build, 3) == first
    board.wait_for_round(1, before)


def ram_of_module(board: Board) -> int:
    status = board.get("/status").json
    return status["text"]["size"] + status["data"]["size"]


def test_too_little_ram_for_both_keeps_the_old_module(
    board: Board, start_board: StartBoard, build: Build
) -> None:
    needed = ram_of_module(board)
    board.kill()
    small = start_board("--ram", str(needed + 64))
    small.wait_for_round(1)
    before = small.now()
    assert small.upload(build.module(2), build.secret).status == 200
    small.wait_for("reload: ESP_ERR_NO_MEM", before)
    small.wait_for_round(1, small.now())
    status = small.get("/status").json
    assert (status["loaded"], status["sequence"], status["pending"]) == (True, 1, False)
    assert "RAM" in status["last_error"] or "memory" in status["last_error"]


def test_old_module_may_go_first(board: Board, start_board: StartBoard, build: Build) -> None:
    needed = ram_of_module(board)
    board.kill()
    small = start_board("--ram", str(needed + 64), "unload-first")
    small.wait_for_round(1)
    assert small.upload(build.module(2), build.secret).status == 200
    small.wait_for_round(2)


def test_too_little_ram_for_one_is_an_error(start_board: StartBoard) -> None:
    board = start_board("--ram", "128")
    assert board.wait_for_exit() == PANIC
    board.wait_for("ESP_ERR_NO_MEM")


def test_empty_flash_is_an_error(start_board: StartBoard, flash: str) -> None:
    os.remove(flash)
    board = start_board()
    assert board.wait_for_exit() == PANIC
    board.wait_for("ESP_ERR_NOT_FOUND")
    assert set(Build.read(flash)) == {0xFF}


def test_power_cut_after_an_upload(start_board: StartBoard, build: Build) -> None:
    board = start_board("--poll", "60000")
    board.wait_for_round(1)
    assert board.upload(build.module(2), build.secret).status == 200
    board.kill()  # before the reload
    start_board().wait_for_round(2)


def test_power_cut_during_an_upload(start_board: StartBoard, build: Build) -> None:
    board = start_board()
    board.wait_for_round(1)
    module = build.module(2)
    with board.connect() as client:
        client.send(board.upload_head(module, build.secret) + module[:-1])
        board.wait_for_round(1, board.now())
        board.kill()
    again = start_board()
    again.wait_for_round(1)
    assert again.upload(module, build.secret).status == 200
    again.wait_for_round(2)


def test_command_line_reload(board: Board, build: Build) -> None:
    command = [
        sys.executable, "-m", "hotreload", "reload", "--whole",
        "--build", build.dir, "--url", f"http://127.0.0.1:{board.port}",
    ]  # fmt: skip
    before = board.now()
    environment = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")}
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert result.returncode == 0, result.stdout.decode()
    board.wait_for("constructor of version 1", before)

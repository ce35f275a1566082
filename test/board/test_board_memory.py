"""Memory that runs out: every allocation fails once, on the board's real heap."""

from __future__ import annotations

import re
from typing import List, Tuple

from board_build import Build
from emulated_board import Board, StartBoard

STEPS = {"load", "server start", "update", "reload", "load from memory"}


def heap(board: Board, start: int) -> int:
    """Bytes of the heap in use, from the next round's line."""
    return int(board.wait_for(r"^round: .*, heap (\d+)$", start).group(1))


def failures(board: Board) -> List[Tuple[str, str, int]]:
    """Step, error and running version of each failing allocation."""
    pattern = re.compile(r"^failing allocation: (.*), (\w+), version (\d+)$")
    matches = [match for match in map(pattern.match, board.lines) if match]
    return [(match.group(1), match.group(2), int(match.group(3))) for match in matches]


def test_each_allocation_fails_once(start_board: StartBoard) -> None:
    board = start_board("memory-faults")
    count = int(board.wait_for(r"^each of (\d+) allocations failed$").group(1))
    assert board.wait_for_exit() == 0
    seen = failures(board)
    assert len(seen) == count
    assert {step for step, _, _ in seen} == STEPS
    for step, error, version in seen:
        if step == "load":  # with an older record, that one is loaded instead
            assert (error, version) in (("ESP_ERR_NO_MEM", 0), ("ESP_OK", 1))
        else:
            assert (error, version) == ("ESP_ERR_NO_MEM", 1), step
    before = int(board.wait_for(r"^heap before: (\d+)$").group(1))
    after = [int(line.split(": ")[1]) for line in board.lines if line.startswith("heap after: ")]
    assert after == [before] * count
    print(f"{count} allocations failed on the board: {[step for step, _, _ in seen]}")


def test_each_allocation_of_an_upload_fails_once(start_board: StartBoard, build: Build) -> None:
    board = start_board("upload-faults")
    before = heap(board, 0)
    count = 0
    while True:
        start = board.now()
        answer = board.upload(build.module(2), build.secret)
        if answer.status == 200:
            break
        count += 1
        assert answer.status == 500, answer.body
        assert answer.json["error"] == board.get("/status").json["last_error"]
        assert heap(board, start) == before
        assert board.wait_for_round(1, start)
    assert count >= 4  # two hashes, the mapping that is checked, and its hash
    board.wait_for_round(2)

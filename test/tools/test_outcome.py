"""What watch says of a module after its upload. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import re
from typing import Any, List

from fake_device import FakeDevice
from hotreload.commands.boards import Board
from hotreload.commands.outcome import Outcome
from hotreload.device.http_device import HttpDevice
from project import Project
from test_watch import body, start

SEQUENCE = 4


def board_of(device: FakeDevice) -> Board:
    return Board(HttpDevice(device.url), lambda _board: None)


def said_of(device: FakeDevice, **status: Any) -> List[str]:
    device.more.update(status)
    said: List[str] = []
    Outcome(board_of(device), SEQUENCE, said.append, seconds=0.5, every=0.01).wait()
    return said


def asked(device: FakeDevice) -> int:
    return device.requests.count("GET /status")


def test_good_module(device: FakeDevice) -> None:
    assert said_of(device, sequence=SEQUENCE) == []
    assert asked(device) == 1


def test_newer_module(device: FakeDevice) -> None:
    assert said_of(device, sequence=SEQUENCE + 1, last_error="of something else") == []


def test_module_on_trial_is_watched(device: FakeDevice) -> None:
    said: List[str] = []
    device.trial = True
    device.more = {"sequence": SEQUENCE}
    outcome = Outcome(board_of(device), SEQUENCE, said.append, seconds=60, every=0.01)
    while asked(device) < 2:
        pass
    device.trial = False
    outcome.wait()
    assert said == []


def test_module_that_crashed(device: FakeDevice) -> None:
    said = said_of(device, sequence=3, rollback="module 4 crashed on trial, module 3 runs")
    assert len(said) == 1 and re.search("went back.*: module 4 crashed on trial", said[0])


def test_module_that_could_not_be_loaded(device: FakeDevice) -> None:
    said = said_of(device, sequence=3, last_error="no 9000 bytes of memory")
    assert len(said) == 1 and re.search("goes on with .*: no 9000 bytes of memory", said[0])


def test_application_that_does_not_reload(device: FakeDevice) -> None:
    (said,) = said_of(device, sequence=3, pending=True)
    assert re.search("application has not reloaded it within 0.5 s: does it poll", said)


def test_task_in_the_way(device: FakeDevice) -> None:
    why = "task blink is inside the module"
    first, last = said_of(device, sequence=3, pending=True, last_error=why)
    assert first == f"The device goes on with the code it had, for now: {why}"
    assert last == f"The application has not reloaded it within 0.5 s: {why}"


def test_device_that_is_gone_for_long(device: FakeDevice) -> None:
    """It is said, and what it says when it is there again, too."""
    device.raw_answer = b""
    said: List[str] = []
    outcome = Outcome(board_of(device), SEQUENCE, said.append, seconds=0.5, every=0.01)
    while not said:
        pass
    silent = asked(device)
    while asked(device) < silent + 3:
        pass
    device.more = {"sequence": 3, "rollback": "module 4 crashed on trial, module 3 runs"}
    device.raw_answer = None
    outcome.wait()
    assert said[0] == f"{device.url} has not answered since the upload: see the device's log"
    assert len(said) == 2 and "went back to other code: module 4 crashed" in said[1]


def test_device_that_restarts(device: FakeDevice) -> None:
    device.raw_answer = b""
    said: List[str] = []
    device.more = {"sequence": 3, "rollback": "module 4 crashed on trial, module 3 runs"}
    outcome = Outcome(board_of(device), SEQUENCE, said.append, seconds=60, every=0.01)
    while not asked(device):
        pass
    device.raw_answer = None
    outcome.wait()
    assert len(said) == 1 and "module 4 crashed" in said[0]


def test_board_that_has_moved(device: FakeDevice) -> None:
    """As one that crashes and gets another address: it is looked for, and says what happened."""
    moved = FakeDevice(b"")
    moved.more = {"sequence": 3, "rollback": "module 4 crashed on trial, module 3 runs"}
    lost: List[Board] = []

    def lose(board: Board) -> None:
        lost.append(board)
        board.device = HttpDevice(moved.url)

    device.raw_answer = b""
    board, said = Board(HttpDevice(device.url), lose), []  # type: ignore[var-annotated]
    Outcome(board, SEQUENCE, said.append, seconds=60, every=0.01).wait()
    moved.close()
    assert len(said) == 1 and "module 4 crashed on trial" in said[0]
    assert lost == [board] and asked(device) == 1


def test_board_that_is_away_is_not_asked(device: FakeDevice) -> None:
    """Somebody asks it already. One that refuses to answer is there."""
    lost: List[Board] = []
    board = Board(HttpDevice(device.url), lost.append)
    device.refuse = (503, {"status": "error", "error": "busy"})
    assert board.ask() is None and lost == []
    device.refuse = None
    board.is_away = True
    assert board.ask() is None and asked(device) == 1
    board.is_away = False
    assert board.ask() == device.status()


def test_nothing_is_said_of_a_module_that_was_replaced(device: FakeDevice) -> None:
    said: List[str] = []
    device.more = {"sequence": 3, "pending": True}
    outcome = Outcome(board_of(device), SEQUENCE, said.append, seconds=60, every=0.01)
    outcome.cancel()
    outcome.wait()
    assert said == []


def test_watch_says_it(built: Project, device: FakeDevice) -> None:
    device.more = {"sequence": 0, "last_error": "no 9000 bytes of memory"}
    with start(built, device.url) as watch:
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
        watch.wait_for("The device goes on with the code it had: no 9000 bytes of memory")

"""The example as a user meets it: its console, and an edit that a cold `reload` brings over."""

from __future__ import annotations

from pathlib import Path

import pytest

from announce import announce_board
from board_build import Build
from emulated_board import Board
from example_board import boot, reload


def say_goodbye(build: Build, board: Board) -> None:
    """Edits the greeting, and reloads."""
    build.edit("reloadable.c", '"Hello"', '"Goodbye"')
    reload(build, "--url", f"http://127.0.0.1:{board.port}")


def test_edit_of_the_example(example: Build) -> None:
    with boot(example) as board:
        board.wait_for("^uptime 0: Hello, World, from the emulated board! 0$")
        board.wait_for("^uptime 1: Hello, World, from the emulated board! 1$")
        say_goodbye(example, board)
        board.wait_for(r"^uptime (\d+): Goodbye, World, from the emulated board! \1$")
        assert sum(line.startswith("uptime 0:") for line in board.lines) == 1


def test_without_a_module_the_example_waits_for_one(example: Build) -> None:
    """As after an update of the firmware alone: what is in the partition cannot be loaded."""
    with open(example.generated("partition.bin"), "r+b") as file:
        file.seek(200)
        byte = file.read(1)[0]
        file.seek(200)
        file.write(bytes([byte ^ 1]))
    with boot(example) as board:
        board.wait_for("load failed: the module in partition .* is damaged")
        board.wait_for("^uptime 1: no module$")
        say_goodbye(example, board)
        board.wait_for(r"^uptime \d+: Goodbye, World, from the emulated board! 0$")


def test_the_example_goes_on_when_a_module_is_refused(core: str, example: Build) -> None:
    """It does not fit beside the one that runs, which is not to blame for that."""
    ram = {"riscv": "200", "xtensa": "268"}[core]  # There are veneers on Xtensa.
    with boot(example, "--ram", ram) as board:
        board.wait_for("^uptime 0: Hello, World, from the emulated board! 0$")
        start = board.now()
        say_goodbye(example, board)
        board.wait_for("reload failed: ", start)
        board.wait_for(r"^uptime \d+: Hello, World, .*$", board.now())
        status = board.get("/status").json
        assert (status["loaded"], status["sequence"]) == (True, 1)
        assert "memory for the module" in str(status["last_error"])


def test_the_board_is_found(core: str, tmp_path: Path) -> None:
    """Without a URL, by what it announces. Its path makes this firmware unlike all others."""
    pytest.importorskip("zeroconf", reason="python3-zeroconf is not installed")
    build = Build(str(tmp_path), core, options=["-DHOTRELOAD_URL="])
    with boot(build) as board:
        url = f"http://127.0.0.1:{board.port}"
        build.edit("marker.c", "return 1;", "return 2;")
        with announce_board(url, "exercises"):
            assert f"to {url} in" in reload(build)
        board.wait_for_round(2)

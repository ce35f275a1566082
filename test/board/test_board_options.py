"""The board's command line: mistakes are named, and end it before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_build import Build
from emulated_board import Board

WRONG = {
    "--nonsense": "no such option",
    "--ram": "a value is wanted",
    "--ram 12x": "decimal number",
    "--ram 4294967296": "decimal number",
    "--ram 8000000": "at most",
    "--port 70000": "below 65536",
    "--flash-size 5000": "multiple of 4096",
    "--trial soon": "decimal number",
    "--settle-pause long": "decimal number",
    "--reset-reason boredom": "power-on, panic or watchdog is wanted",
    "--flash-fault write": "write:N",
    "--flash-fault sleep:1": "write:N",
}


@pytest.mark.parametrize("options", WRONG)
def test_wrong_option(build: Build, tmp_path: Path, options: str) -> None:
    flash = tmp_path / "flash.bin"
    board = Board([*build.qemu, build.firmware, "--flash", str(flash), *options.split()])
    assert board.wait_for_exit() == 2
    name = options.split()[0]
    board.wait_for(f"^{name} .*{WRONG[options]}")
    assert not flash.exists()


def test_flash_file_that_is_no_flash(build: Build, tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    flash.write_bytes(bytes(5000))
    board = Board([*build.qemu, build.firmware, "--flash", str(flash)])
    assert board.wait_for_exit() == 2
    board.wait_for("multiple of 4096 bytes; delete it to begin afresh")
    assert flash.read_bytes() == bytes(5000)


def test_port_that_is_taken(build: Build, tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    flash.write_bytes(build.read(build.generated("partition.bin")))
    first = Board([*build.qemu, build.firmware, "--flash", str(flash), "--port", "0"])
    try:
        place = ["--flash", str(flash), "--port", str(first.port)]
        second = Board([*build.qemu, build.firmware, *place])
        assert second.wait_for_exit() == 134
        second.wait_for(f"port {first.port} is taken")
    finally:
        first.kill()

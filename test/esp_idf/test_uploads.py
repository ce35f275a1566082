"""Uploads to a chip, good and bad, and the power that fails in the middle of one.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Callable, Iterator, Optional

import pytest
from idf_project import ROOT, IdfProject
from qemu import Qemu

sys.path.append(str(ROOT / "test" / "board"))

from emulated_board import Answer, Client, read_secret, upload_head  # noqa: E402

MARKER = "../../board/components/exercises/marker.c"
PIECE = 1024  # as the server takes them; what is less may not be written yet
READY = r"^ready, version (\d+)$"


@pytest.fixture()
def chip(program: IdfProject, start_chip: Callable[[IdfProject], Qemu]) -> Qemu:
    program.run("build")
    running = start_chip(program)
    assert running.wait_for(READY).group(1) == "1"
    return running


@pytest.fixture()
def module(program: IdfProject) -> Iterator[bytes]:
    """One of version 2; the program is again as it was afterwards."""
    with program.changed(MARKER, "return 1;", "return 2;"):
        program.run("build")
        content = program.path("module.bin").read_bytes()
    program.run("build")
    yield content


def head(program: IdfProject, chip: Qemu, module: bytes, **changes: Optional[str]) -> bytes:
    secret = read_secret(str(program.path("secret.key")))
    return upload_head(module, secret, str(chip.get("/nonce")["nonce"]), **changes)


def upload(
    program: IdfProject, chip: Qemu, module: bytes, body: bytes = b"", **changes: Optional[str]
) -> Answer:
    """Sends a module, or another body in its place."""
    with Client(chip.port) as client:
        client.send(head(program, chip, module, **changes) + (body or module))
        return client.answer()


def test_bad_uploads_change_nothing(program: IdfProject, chip: Qemu, module: bytes) -> None:
    firmware = bytes.fromhex(str(chip.get("/status")["firmware"]))
    other_firmware = module.replace(firmware, bytes(len(firmware)))
    assert other_firmware != module
    damaged = module[:-1] + bytes([module[-1] ^ 1])
    sha256 = "00" * 32
    answers = {
        "not proven": upload(program, chip, module, X_Hotreload_Auth="00" * 32).status,
        "another content": upload(program, chip, module, X_Hotreload_SHA256=sha256).status,
        "another firmware": upload(program, chip, other_firmware).status,
        "damaged": upload(program, chip, module, damaged).status,
        "cut short": upload(program, chip, module[: len(module) // 2]).status,
    }
    assert all(400 <= status < 500 for status in answers.values()), answers
    status = chip.get("/status")
    assert (status["sequence"], status["pending"]) == (1, False)
    start = chip.position()
    assert upload(program, chip, module).status == 200
    chip.wait_for(r"^reload: ESP_OK, version 2$", start)
    assert chip.boots() == 1


def test_power_fails_during_an_upload(program: IdfProject, chip: Qemu, module: bytes) -> None:
    """The chip boots with the module that it had, each time, and takes the next upload."""
    for received in (0, len(module) // 2, len(module) - 1):
        with Client(chip.port) as client:
            client.send(head(program, chip, module) + module[:received])
            chip.wait_for_flash(module[:received][64:-PIECE])
            chip.cut_power()
        start = chip.position()
        chip.power_on()
        assert chip.wait_for(READY, start).group(1) == "1"
    start = chip.position()
    assert upload(program, chip, module).status == 200
    chip.wait_for(r"^reload: ESP_OK, version 2$", start)


def test_power_fails_after_an_upload(program: IdfProject, chip: Qemu, module: bytes) -> None:
    """What was answered for is there."""
    assert upload(program, chip, module).status == 200
    for part in (module, sha256(module).digest()):  # The emulator writes its file a moment later.
        chip.wait_for_flash(part)
    chip.cut_power()
    start = chip.position()
    chip.power_on()
    assert chip.wait_for(READY, start).group(1) == "2"
    assert chip.get("/status")["sequence"] == 2


def test_crash_on_trial_goes_back(program: IdfProject, chip: Qemu) -> None:
    """Twice, so that the second is not taken for the first."""
    for crash, sequence in (("__builtin_trap();", 2), ("*(volatile int *)0 = 1;", 3)):
        start = chip.position()
        with program.changed(MARKER, "return 1;", f"{crash} return 2;"):
            program.reload_to_crash("--url", chip.url)
            chip.wait_for(rf"module {sequence} crashed on trial, module 1 runs", start)
        assert chip.wait_for(READY, start).group(1) == "1"
    program.run("build")
    assert chip.boots() == 3

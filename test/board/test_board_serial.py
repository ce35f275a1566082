"""Requests on the board's console, beside its log."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Callable, Iterator, List

import pytest
from board_build import ROOT, Build
from emulated_board import Client, upload_head

sys.path.insert(0, os.path.join(ROOT, "tools"))

from console_board import ConsoleBoard  # noqa: E402
from hotreload.device.protocol import DeviceError, read_nonce, sign_upload  # noqa: E402
from hotreload.device.serial_frames import BEGIN, FINISH, NONCE, WRITE  # noqa: E402

Start = Callable[..., ConsoleBoard]


@pytest.fixture()
def start(build: Build, flash: str) -> Iterator[Start]:
    """Starts boards with further options; they all have the same flash."""
    boards: List[ConsoleBoard] = []

    def start_one(*options: str) -> ConsoleBoard:
        place = ["--flash", flash, "--port", "0", "--poll", "20"]
        boards.append(ConsoleBoard([*build.qemu, build.firmware, *place, *options, "console"]))
        boards[-1].wait_for("^round: version")
        return boards[-1]

    yield start_one
    for board in boards:
        board.close()


def ignore(_done: int, _total: int) -> None:
    pass


def begin(board: ConsoleBoard, build: Build, module: bytes) -> None:
    """Begins an upload and sends its first piece."""
    device = board.device
    headers = sign_upload(module, build.secret, read_nonce(device._ask(NONCE), device.url))
    texts = f"{headers['X-Hotreload-SHA256']}\0\0{headers['X-Hotreload-Auth']}\0"
    device._ask(BEGIN, len(module).to_bytes(4, "little") + texts.encode())
    device._ask(WRITE, bytes(4) + module[:100])


def http_head(board: ConsoleBoard, module: bytes, secret: bytes) -> bytes:
    nonce = read_nonce(board.device._ask(NONCE), board.device.url)
    return upload_head(module, secret, nonce.hex())


def http_port(board: ConsoleBoard) -> int:
    """The server says it before the first round."""
    said = re.search(rb"http://127\.0\.0\.1:(\d+)", board.written)
    assert said is not None, bytes(board.written)
    return int(said.group(1))


def test_reload_beside_the_log(start: Start, build: Build) -> None:
    board = start()
    for _ in range(6):
        board.wait_for("^round: version 1", len(board.lines))
    assert board.device.upload(build.module(2), build.secret, ignore) == 2
    board.wait_for("^round: version 2, count 3")
    status = board.device.status()
    assert status["loaded"] and status["reloads"] == 2 and not board.device.pending()
    first = next(i for i, line in enumerate(board.lines) if line.startswith("round:"))
    known = r"round: version \d, count \d+, heap \d+|[EWI] \(\d+\) (hotreload|test): .*"
    known += r"|constructor of version 2|destructor after \d+ calls"
    assert [line for line in board.lines[first:] if not re.fullmatch(known, line)] == []
    counts = [int(n) for n in re.findall(r"version 1, count (\d+)", "\n".join(board.lines))]
    steps = [later - sooner for sooner, later in zip(counts, counts[1:])]
    assert len(steps) >= 5 and set(steps) == {1001}, "no round is missing"


def test_the_command(start: Start, build: Build) -> None:
    board = start()
    board.device.close()
    command = [sys.executable, "-m", "hotreload", "reload", "--skip-build", "--wait", "30"]
    environment = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "tools")}
    subprocess.run(
        [*command, "--build", build.dir, "--port", board.port], env=environment, check=True
    )
    assert board.device.status()["reloads"] == 2


def test_starting_and_stopping(start: Start) -> None:
    board = start()
    board.wait_for("^again: ESP_ERR_INVALID_STATE")
    board.wait_for("^stopped: ESP_ERR_INVALID_STATE")


def test_what_is_typed_is_the_applications(start: Start) -> None:
    board = start()
    board.device.line.send(b"hello")
    board.wait_for("^typed: hello$")
    board.device.status()


def test_a_module_of_200_kilobytes(start: Start, build: Build) -> None:
    large = "static const volatile unsigned char big[204800] = {2}; return big[0] + big[200000];"
    module = build.module_that(large)
    assert len(module) > 200 * 1024
    board = start("--max-upload", "300000")
    board.device.upload(module, build.secret, ignore)
    board.wait_for("^round: version 2")


def test_power_cut_in_the_middle(start: Start, build: Build) -> None:
    board = start()
    begin(board, build, build.module(2))
    board.kill()
    board = start()
    board.wait_for("^round: version 1")
    with pytest.raises(DeviceError, match="410 Gone: no upload is under way"):
        board.device._ask(FINISH)
    board.device.upload(build.module(2), build.secret, ignore)
    board.wait_for("^round: version 2")


def test_another_secret(start: Start, build: Build) -> None:
    board = start()
    with pytest.raises(DeviceError, match="(?s)403 Forbidden: .*another secret"):
        board.device.upload(build.module(2), bytes(32), ignore)
    board.device.upload(build.module(2), build.secret, ignore)
    board.wait_for("^round: version 2")


def test_http_and_console_take_turns(start: Start, build: Build) -> None:
    board = start()
    module = build.module(2)
    begin(board, build, module)
    with Client(http_port(board)) as client:
        client.send(http_head(board, module, build.secret) + module)
        assert client.answer().status == 503
    board.device.upload(module, build.secret, ignore)  # Beginning anew, it drops the other.
    board.wait_for("^round: version 2")
    with Client(http_port(board)) as client:
        client.send(http_head(board, module, build.secret) + module[:10])
        board.wait_for("^round: version 2", len(board.lines))
        with pytest.raises(DeviceError, match="503 Service Unavailable"):
            board.device.upload(module, build.secret, ignore)
        client.send(module[10:])
        assert client.answer().status == 200


def test_an_abandoned_upload_does_not_keep_others_out(start: Start, build: Build) -> None:
    board = start("--idle-timeout", "300")
    module = build.module(2)
    begin(board, build, module)
    board.wait_for(r"upload refused \(408\)")
    with Client(http_port(board)) as client:
        client.send(http_head(board, module, build.secret) + module)
        assert client.answer().status == 200
    board.wait_for("^round: version 2")


def test_recordings_are_refused(start: Start, build: Build) -> None:
    board = start()
    board.device.upload(build.module(2), build.secret, ignore)
    board.wait_for("^round: version 2")
    digest = sign_upload(build.module(2), build.secret, None)  # What firmware without a nonce would get.
    texts = f"{digest['X-Hotreload-SHA256']}\0{digest['X-Hotreload-HMAC']}\0\0"
    length = len(build.module(2)).to_bytes(4, "little")
    with pytest.raises(DeviceError, match="403 Forbidden: X-Hotreload-Auth is required"):
        board.device._ask(BEGIN, length + texts.encode())

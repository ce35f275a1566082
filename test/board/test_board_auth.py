"""Uploads that prove their sender, and those that do not: who gets to the flash."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from typing import Iterable, List

import pytest
from board_build import ROOT, Build
from emulated_board import Answer, Board, StartBoard, ask_nonce, prove, recordable, upload_head

sys.path.insert(0, os.path.join(ROOT, "tools"))

from hotreload.device.http_device import DeviceError, HttpDevice  # noqa: E402


def send_head(board: Board, head: bytes) -> Answer:
    """Sends no byte of the body: the answer comes without one."""
    with board.connect() as client:
        client.send(head)
        answer = client.answer()
        assert client.is_closed()
        return answer


def test_nonce_stays_until_an_upload_uses_it(start_board: StartBoard, build: Build) -> None:
    board = start_board()
    board.wait_for_round(1)
    nonces = [ask_nonce(board)]
    assert ask_nonce(board) == nonces[0]
    assert board.upload(build.module(2), bytes(32)).status == 403
    assert ask_nonce(board) == nonces[0]
    assert board.upload(build.module(2), build.secret).status == 200
    board.wait_for_round(2)
    nonces.append(ask_nonce(board))
    board.kill()
    board = start_board()
    board.wait_for_round(2)
    nonces.append(ask_nonce(board))
    assert len(set(nonces)) == 3


def test_nonce_is_only_for_reading(board: Board) -> None:
    with board.connect() as client:
        client.send(b"POST /nonce HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert client.answer().status == 405


def test_the_header_alone_and_with_the_other(board: Board, build: Build) -> None:
    assert board.upload(build.module(2), build.secret).status == 200
    board.wait_for_round(2)
    both = {"X_Hotreload_HMAC": recordable(build.module(3), build.secret)["X_Hotreload_HMAC"]}
    assert board.upload(build.module(3), build.secret, **both).status == 200
    board.wait_for_round(3)


def test_recorded_upload(board: Board, build: Build, flash: str) -> None:
    module = build.module(2)
    head = board.upload_head(module, build.secret)
    stripped = board.upload_head(module, build.secret, X_Hotreload_Auth=None)
    with board.connect() as client:
        client.send(head + module)
        assert client.answer().status == 200
    board.wait_for_round(2)
    content = build.read(flash)
    for status, recorded in ((403, head), (403, head), (403, stripped)):
        assert send_head(board, recorded).status == status
    assert build.read(flash) == content
    assert board.get("/pending").json == {"pending": False}


@pytest.mark.parametrize("change", ["secret", "length", "body"])
def test_stranger_is_refused_before_the_body(
    board: Board, build: Build, flash: str, change: str
) -> None:
    module, nonce = build.module(2), ask_nonce(board)
    auth = prove(module, build.secret, nonce)
    if change == "secret":
        auth = prove(module, bytes(32), nonce)
    elif change == "length":
        module += b"\0"
    else:
        module = build.module(3)
    content = build.read(flash)
    answer = send_head(board, upload_head(module, build.secret, nonce, X_Hotreload_Auth=auth))
    assert answer.status == 403 and "not authentic" in str(answer.json["error"])
    assert build.read(flash) == content
    assert board.upload(build.module(2), build.secret).status == 200
    board.wait_for_round(2)


def test_a_recording_is_refused_unless_the_board_takes_it(
    start_board: StartBoard, build: Build, flash: str
) -> None:
    module = build.module(2)
    changes = recordable(module, build.secret)
    board = start_board()
    board.wait_for_round(1)
    content = build.read(flash)
    answer = send_head(board, board.upload_head(module, build.secret, **changes))
    assert answer.status == 403
    assert "X-Hotreload-Auth is required" in str(answer.json["error"])
    assert build.read(flash) == content
    board.kill()
    board = start_board("--accept-replayed")
    board.wait_for_round(1)
    for _ in range(2):
        assert board.upload(module, build.secret, **changes).status == 200
    board.wait_for_round(2)


def test_the_tools_send_it(start_board: StartBoard, build: Build) -> None:
    board = start_board()
    board.wait_for_round(1)
    device = HttpDevice(f"http://127.0.0.1:{board.port}")
    for version in (2, 3, 2):
        device.upload(build.module(version), build.secret, lambda sent, total: None)
        board.wait_for_round(version, board.now())
    with pytest.raises(DeviceError, match="403"):
        device.upload(build.module(3), bytes(32), lambda sent, total: None)


def parts(digests: Iterable[bytes]) -> List[str]:
    """Every run of 8 hex digits: as much as one would find in a message cut to fit."""
    texts = [digest.hex() for digest in digests]
    return [text[i : i + 8] for text in texts for i in range(len(text) - 7)]


def test_nothing_secret_is_told(start_board: StartBoard, build: Build, flash: str) -> None:
    board = start_board("--accept-replayed")
    board.wait_for_round(1)
    secret, module = build.secret, build.module(2)
    auth = prove(module, secret, ask_nonce(board))
    signature = hmac.new(secret, module, hashlib.sha256).digest()
    wrong = ("0" if auth[0] != "0" else "1") + auth[1:]
    answers = [
        board.upload(module, secret, X_Hotreload_Auth=wrong),
        board.upload(module, secret, X_Hotreload_Auth=None, X_Hotreload_HMAC=wrong),
        board.upload(module, secret, X_Hotreload_HMAC=wrong, X_Hotreload_Auth=auth[:-1]),
        board.upload(module, secret, X_Hotreload_Auth=auth),
        board.upload(module, secret, X_Hotreload_Auth=auth),
        *(board.get(path) for path in ("/status", "/pending", "/nonce", "/absent")),
    ]
    assert [answer.status for answer in answers] == [403, 403, 400, 200, 403, 200, 200, 200, 404]
    board.wait_for_round(2)
    told = "\n".join([*board.lines, *(answer.body for answer in answers)]).lower()
    hidden = parts([secret, signature, bytes.fromhex(auth)])
    assert len(hidden) == 3 * 57 and not [part for part in hidden if part in told]
    content = build.read(flash)
    for digest in (secret, signature, bytes.fromhex(auth)):
        assert digest not in content and digest.hex().encode() not in content
    assert secret in build.read(build.firmware), "this test can find a secret where one is"

"""The HTTP interface on a real socket: every status code, and clients that misbehave."""

from __future__ import annotations

from typing import Callable, Dict, Optional

import pytest
from board_build import Build
from emulated_board import Answer, Board, Client, StartBoard, ask_nonce, prove, upload_head


def assert_refused(answer: Answer, status: int, reason: str) -> None:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["status"] == "error"
    assert reason in answer.json["error"]


def assert_still_works(board: Board, build: Build) -> None:
    """The old module runs, and the next upload is taken."""
    board.wait_for_round(1, board.now())
    assert board.upload(build.module(2), build.secret).status == 200
    board.wait_for_round(2)


def test_paths_and_methods(board: Board) -> None:
    assert board.get("/status").json["status"] == "ok"
    assert board.get("/status?verbose=1").status == 200
    assert board.get("/pending").json == {"pending": False}
    assert_refused(board.get("/other"), 404, "/upload")
    assert_refused(board.get("/statusx"), 404, "/upload")
    assert_refused(board.get("/upload"), 405, "POST")
    with board.connect() as client:
        client.send(b"POST /status HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert_refused(client.answer(), 405, "GET")


REFUSED_HEADS = [
    (400, {"X_Hotreload_SHA256": None}),
    (403, {"X_Hotreload_Auth": None}),
    (400, {"X_Hotreload_SHA256": "12"}),
    (400, {"X_Hotreload_Auth": "g" * 64}),
    (400, {"X_Hotreload_Auth": "0" * 65}),
    (400, {"X_Hotreload_Auth": ""}),
    (400, {"X_Hotreload_HMAC": "g" * 64}),
    (400, {"X_Hotreload_HMAC": "0" * 65}),
    (400, {"Content_Length": "12x"}),
    (400, {"Content_Length": "-1"}),
    (400, {"Content_Length": "+5"}),
    (400, {"Content_Length": "5, 5"}),
    (400, {"Content_Length": ""}),
    (400, {"Content_Length": "0"}),
    (411, {"Content_Length": None}),
    (411, {"Content_Length": None, "Transfer_Encoding": "chunked"}),
    (411, {"Transfer_Encoding": "chunked"}),
    (413, {"Content_Length": "131073"}),
    (413, {"Content_Length": "18446744073709551617"}),
    (413, {"Content_Length": "99999999999999999999999999999999"}),
]


@pytest.mark.parametrize("status, changes", REFUSED_HEADS)
def test_refused_before_the_body(
    board: Board, build: Build, status: int, changes: Dict[str, Optional[str]]
) -> None:
    with board.connect() as client:
        client.send(board.upload_head(build.module(2), build.secret, **changes))
        assert_refused(client.answer(), status, "")
        assert client.is_closed()
    board.wait_for_round(1, board.now())


REFUSED_BODIES: Dict[str, Callable[[bytes], bytes]] = {
    "not an ELF": lambda module: b"hello, world" * 40,
    "cut short": lambda module: module[: len(module) // 2],
    "another chip": lambda module: module[:18] + b"\x28\x00" + module[20:],
    "64 bit": lambda module: module[:4] + b"\x02" + module[5:],
}


@pytest.mark.parametrize("name", REFUSED_BODIES)
def test_signed_but_no_module(board: Board, build: Build, name: str) -> None:
    answer = board.upload(REFUSED_BODIES[name](build.module(2)), build.secret)
    assert_refused(answer, 422, "")
    assert answer.json["error"]
    assert board.get("/status").json["last_error"] == answer.json["error"]
    assert_still_works(board, build)


def test_damaged_in_transfer(board: Board, build: Build) -> None:
    module = bytearray(build.module(2))
    head = board.upload_head(bytes(module), build.secret)
    module[-1] ^= 1
    with board.connect() as client:
        client.send(head + module)
        assert_refused(client.answer(), 400, "")
    assert_still_works(board, build)


def test_wrong_secret(board: Board, build: Build) -> None:
    assert_refused(board.upload(build.module(2), bytes(32)), 403, "")
    assert_still_works(board, build)


def test_another_firmware(board: Board, build: Build) -> None:
    identity = bytes.fromhex(board.get("/status").json["firmware"])
    other = bytes(byte ^ 0xFF for byte in identity)
    module = build.module(2)
    assert module.count(identity) == 1
    assert_refused(board.upload(module.replace(identity, other), build.secret), 409, "firmware")
    assert_still_works(board, build)


def test_longer_than_the_partition(start_board: StartBoard, build: Build) -> None:
    board = start_board("--max-upload", "4000000")
    board.wait_for_round(1)
    with board.connect() as client:
        auth = prove(build.module(2), build.secret, ask_nonce(board), 3000000)
        changes = {"Content_Length": "3000000", "X_Hotreload_Auth": auth}
        client.send(board.upload_head(build.module(2), build.secret, **changes))
        assert_refused(client.answer(), 413, "")
    assert_still_works(board, build)


@pytest.mark.parametrize("fault", ["erase:1", "write:1", "write:2"])
def test_flash_fails(start_board: StartBoard, build: Build, fault: str) -> None:
    board = start_board("--flash-fault", fault)
    board.wait_for_round(1)
    assert_refused(board.upload(build.module(2), build.secret), 500, "")
    board.wait_for("injected fault")
    assert_still_works(board, build)


def test_flash_cannot_be_read(start_board: StartBoard) -> None:
    """A boot reads through its mapping, which cannot fail; a status reads without one."""
    board = start_board("--flash-fault", "read:1")
    board.wait_for_round(1)
    assert board.get("/status").json["stored"] is False
    board.wait_for("injected fault: read")
    assert board.get("/status").json["stored"] is True


def test_two_uploads_at_once(board: Board, build: Build) -> None:
    module = build.module(2)
    with board.connect() as first:
        first.send(board.upload_head(module, build.secret) + module[:100])
        board.wait_for_round(1, board.now())
        assert_refused(board.upload(module, build.secret), 503, "")
        first.send(module[100:])
        assert first.answer().status == 200
    board.wait_for_round(2)


def test_client_cuts_the_body_short(board: Board, build: Build) -> None:
    module = build.module(2)
    with board.connect() as client:
        client.send(board.upload_head(module, build.secret) + module[:-1])
        client.end_sending()
        assert_refused(client.answer(), 400, "")
    assert_still_works(board, build)


def test_client_goes_away(board: Board, build: Build) -> None:
    module = build.module(2)
    with board.connect() as client:
        client.send(board.upload_head(module, build.secret) + module[:-1])
    board.wait_for(r"upload refused \(400\): the connection ended before the body did")
    assert_still_works(board, build)


def test_silent_clients(start_board: StartBoard, build: Build) -> None:
    board = start_board("--idle-timeout", "300")
    board.wait_for_round(1)
    module = build.module(2)
    start = board.upload_head(module, build.secret) + module[:10]
    with board.connect() as body, board.connect() as head, board.connect() as nothing:
        body.send(start)
        head.send(b"GET /status HTT")
        assert_refused(body.answer(), 408, "")
        assert_refused(head.answer(), 408, "head")
        assert nothing.is_closed()
    assert_still_works(board, build)


def test_byte_by_byte(board: Board, build: Build) -> None:
    module = build.module(2)
    with board.connect() as client:
        for byte in board.upload_head(module, build.secret) + module:
            client.send(bytes([byte]))
        assert client.answer().status == 200
    board.wait_for_round(2)


def test_pipelined_requests(board: Board, build: Build) -> None:
    module = build.module(2)
    get = b"GET /pending HTTP/1.1\r\n\r\n"
    with board.connect() as client:
        client.send(get + get + board.upload_head(module, build.secret) + module + get)
        assert client.answer().json == {"pending": False}
        assert client.answer().json == {"pending": False}
        assert client.answer().json["status"] == "ok"
        assert "pending" in client.answer().json
    board.wait_for_round(2)


def test_keep_alive_and_close(board: Board) -> None:
    with board.connect() as client:
        for _ in range(3):
            client.send(b"GET /pending HTTP/1.1\r\n\r\n")
            assert client.answer().headers["connection"] == "keep-alive"
        client.send(b"GET /pending HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert client.answer().headers["connection"] == "close"
        assert client.is_closed()
    with board.connect() as client:
        client.send(b"GET /pending HTTP/1.0\r\n\r\n")
        assert client.answer().status == 200
        assert client.is_closed()


def test_expect_continue(board: Board, build: Build) -> None:
    module = build.module(2)
    with board.connect() as client:
        client.send(board.upload_head(module, build.secret, Expect="100-continue"))
        assert client.answer().status == 100
        client.send(module)
        assert client.answer().status == 200
    with board.connect() as client:
        head = board.upload_head(module, build.secret, Expect="100-continue", Content_Length="999999999")
        client.send(head)
        assert client.answer().status == 413


MALFORMED_HEADS = {
    "no HTTP": (400, b"hello\r\n\r\n"),
    "no version": (400, b"GET /status\r\n\r\n"),
    "relative path": (400, b"GET status HTTP/1.1\r\n\r\n"),
    "unknown version": (400, b"GET /status HTTP/2.0\r\n\r\n"),
    "no colon": (400, b"GET /status HTTP/1.1\r\nno colon\r\n\r\n"),
    "no name": (400, b"GET /status HTTP/1.1\r\n: no name\r\n\r\n"),
    "space in name": (400, b"GET /status HTTP/1.1\r\nContent-Length : 5\r\n\r\n"),
    "folded line": (400, b"GET /status HTTP/1.1\r\nA: b\r\n folded: c\r\n\r\n"),
    "NUL": (400, b"GET /status HTTP/1.1\r\nA: b\0c\r\n\r\n"),
    "long header": (431, b"GET /status HTTP/1.1\r\nContent-Length: " + b"0" * 300 + b"\r\n\r\n"),
}


@pytest.mark.parametrize("name", MALFORMED_HEADS)
def test_malformed_head(board: Board, build: Build, name: str) -> None:
    status, head = MALFORMED_HEADS[name]
    with board.connect() as client:
        client.send(head)
        assert_refused(client.answer(), status, "")
        client.end_sending()
        assert client.is_closed()
    assert_still_works(board, build)


def test_head_with_long_headers_that_nobody_needs(board: Board) -> None:
    with board.connect() as client:
        client.send(b"GET /pending HTTP/1.1\r\nCookie: " + b"x" * 4000 + b"\r\n\r\n")
        assert client.answer().status == 200


def test_more_clients_than_connections(board: Board) -> None:
    clients = [board.connect() for _ in range(8)]
    for client in clients:
        client.send(b"GET /pending HTTP/1.1\r\nConnection: close\r\n\r\n")
    for client in clients:
        with client:
            assert client.answer().status == 200


def test_client_that_never_reads(board: Board, build: Build) -> None:
    """The board holds no answers for it: once the sockets are full, the connection ends."""
    requests = b"GET /status HTTP/1.1\r\n\r\n" * 1000
    with board.connect() as client, pytest.raises((BrokenPipeError, ConnectionResetError)):
        while True:
            client.send(requests)
    assert_still_works(board, build)


def test_stopping_the_server(start_board: StartBoard, build: Build) -> None:
    board = start_board("--poll", "3000", "stop-server")
    module = build.module(2)
    with board.connect() as client:
        client.send(board.upload_head(module, build.secret) + module[:10])
        assert_refused(client.answer(), 503, "")
        assert client.is_closed()
    board.wait_for("^stopped, again: ESP_ERR_INVALID_STATE")
    before = next(i for i, line in enumerate(board.lines) if line.startswith("stopped"))
    port = int(board.wait_for(r"http://127\.0\.0\.1:(\d+)", before).group(1))
    with Client(port) as client:
        client.send(b"GET /nonce HTTP/1.1\r\n\r\n")
        nonce = str(client.answer().json["nonce"])
        client.send(upload_head(module, build.secret, nonce) + module)
        assert client.answer().status == 200

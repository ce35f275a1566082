"""Slow and broken clients: the server gives them up, keeps to its memory, and serves the next."""

from __future__ import annotations

import contextlib
import socket
from typing import Callable, Dict, List, TypeVar

import pytest
from board_build import Build
from emulated_board import Board, Client, StartBoard

IDLE_MS = 300  # a second of a slow client's life is a round of the board here
GONE = (BrokenPipeError, ConnectionResetError)
T = TypeVar("T")


def heap(board: Board) -> int:
    """Bytes of the board's heap in use, from its next round."""
    return int(board.wait_for(r"^round: .*, heap (\d+)$", board.now()).group(1))


def served(request: Callable[[], T]) -> T:
    """On a busy machine an honest client may be slow, too: given up, it tries again."""
    for _ in range(20):
        with contextlib.suppress(AssertionError, *GONE):
            return request()
    return request()


def drip(board: Board, client: Client, data: bytes) -> int:
    """Sends a byte per round until the board has had enough; returns how many it let pass."""
    for sent, byte in enumerate(data):
        try:
            client.send(bytes([byte]))
        except GONE:
            return sent
        board.wait_for_round(1, board.now())
    return len(data)


def drips_head(board: Board, build: Build) -> None:
    with board.connect() as client:
        head = served(lambda: board.upload_head(build.module(2), build.secret))
        assert drip(board, client, head) < len(head)


def drips_headers_for_ever(board: Board, build: Build) -> None:
    with board.connect() as client:
        client.send(b"GET /status HTTP/1.1\r\n")
        assert drip(board, client, b"A: b\r\n" * 100) < 600


def drips_body(board: Board, build: Build) -> None:
    module = build.module(2)
    head = served(lambda: board.upload_head(module, build.secret))
    with board.connect() as client:
        client.send(head)
        assert drip(board, client, module) < len(module)


def sends_headers_for_ever(board: Board, build: Build) -> None:
    with board.connect() as client, contextlib.suppress(*GONE):
        client.send(b"GET /status HTTP/1.1\r\n")
        client.send(b"A: b\r\n" * 2000)
        assert client.answer().status == 431
        while True:  # what follows is dropped until the board closes the connection
            client.send(b"A: b\r\n" * 10000)


def sends_one_line_for_ever(board: Board, build: Build) -> None:
    with board.connect() as client, contextlib.suppress(*GONE):
        client.send(b"GET /status HTTP/1.1\r\nX: " + b"y" * 10000)
        assert client.answer().status == 431
        while True:
            client.send(b"y" * 10000)


def sends_ten_thousand_headers(board: Board, build: Build) -> None:
    with board.connect() as client:
        client.send(b"GET /status HTTP/1.1\r\n" + b"Name: value\r\n" * 10000 + b"\r\n")
        assert client.answer().status == 431


def sends_a_url_of_100_kilobytes(board: Board, build: Build) -> None:
    with board.connect() as client:
        client.send(b"GET /" + b"u" * 100 * 1024 + b" HTTP/1.1\r\n\r\n")
        assert client.answer().status == 414


def resets_in_the_head(board: Board, build: Build) -> None:
    client = board.connect()
    client.send(b"GET /status HTT")
    client.reset()


def resets_in_the_body(board: Board, build: Build) -> None:
    module = build.module(2)
    client = board.connect()
    client.send(board.upload_head(module, build.secret) + module[:-1])
    board.wait_for_round(1, board.now())
    client.reset()


def resets_instead_of_reading(board: Board, build: Build) -> None:
    module = build.module(3)
    for _ in range(8):
        client = board.connect()
        client.send(b"GET /status HTTP/1.1\r\n\r\n" * 10 + board.upload_head(module, bytes(32)) + module)
        client.reset()


def pipelines_a_thousand_requests(board: Board, build: Build) -> None:
    with board.connect() as client:
        for _ in range(10):
            client.send(b"GET /pending HTTP/1.1\r\n\r\n" * 100)
            for _ in range(100):
                assert client.answer().json == {"pending": False}


def leaves_connections_open(board: Board, build: Build) -> None:
    """More than the server and its queue hold; the rest of them are not even accepted."""
    sockets: List[socket.socket] = []
    for _ in range(16):
        sockets.append(socket.socket())
        sockets[-1].setblocking(False)
        sockets[-1].connect_ex(("127.0.0.1", board.port))
    assert served(lambda: board.get("/pending")).status == 200
    for opened in sockets:
        opened.close()


# These need the board to give them up; the others do not, however slow the machine is.
SLOW = (drips_head, drips_headers_for_ever, drips_body, sends_headers_for_ever,
        sends_one_line_for_ever, leaves_connections_open)
BROKEN = (sends_ten_thousand_headers, sends_a_url_of_100_kilobytes, resets_in_the_head,
          resets_in_the_body, resets_instead_of_reading, pipelines_a_thousand_requests)
HOSTILE: Dict[str, Callable[[Board, Build], None]] = {h.__name__: h for h in (*SLOW, *BROKEN)}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_client(start_board: StartBoard, build: Build, name: str) -> None:
    hostile = HOSTILE[name]
    # An impatient board soon gives up silent clients.
    board = start_board(*(("--idle-timeout", str(IDLE_MS)) if hostile in SLOW else ()))
    board.wait_for_round(1)
    before = heap(board)
    for _ in range(2):
        hostile(board, build)
        assert served(lambda: board.get("/pending")).json == {"pending": False}
    assert heap(board) == before
    assert served(lambda: board.upload(build.module(2), build.secret)).status == 200
    board.wait_for_round(2)

"""docs/spec.md is enough to write a sender or a loader: what is written here comes from that page
alone, and the sender on it works as it stands there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import Dict, Tuple

from board_build import ROOT, Build
from emulated_board import PATIENCE, Board


def test_the_sender_of_the_specification(board: Board, build: Build, tmp_path: Path) -> None:
    with open(os.path.join(ROOT, "docs", "spec.md"), encoding="utf-8") as file:
        (sender,) = re.findall(r"^```python\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    module = tmp_path / "module.bin"
    secret = tmp_path / "secret.key"
    module.write_bytes(build.module(2))
    secret.write_text(build.secret.hex() + "\n")
    url = f"http://127.0.0.1:{board.port}"
    answer = subprocess.run([sys.executable, "-c", sender, url, str(module), str(secret)],
                            check=True, stdout=subprocess.PIPE, text=True).stdout
    assert json.loads(answer)["size"] == len(build.module(2))
    board.wait_for_round(2)


class Line:
    """A console, with frames among the lines of its log."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._number = 0x12345678

    def ask(self, kind: int, payload: bytes = b"") -> Tuple[int, Dict[str, object]]:
        self._number += 1
        body = struct.pack("<BI", kind, self._number) + payload
        body += struct.pack("<I", zlib.crc32(body))
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(b"\x02hr:" + base64.b64encode(body).rstrip(b"=") + b"\n")
        self._process.stdin.flush()
        while True:
            text = self._process.stdout.readline()
            assert text, "the board has ended"
            _, mark, digits = text.partition(b"\x02hr:")
            if mark:
                break
        digits = digits.strip()
        body = base64.b64decode(digits + b"=" * (-len(digits) % 4))
        assert struct.unpack("<I", body[-4:])[0] == zlib.crc32(body[:-4])
        answered, number, status = struct.unpack_from("<BIH", body)
        assert (answered, number) == (kind + 0x80, self._number)
        return status, json.loads(body[7:-4])


def test_an_upload_over_the_console(build: Build, flash: str) -> None:
    module = build.module(2)
    digest = hashlib.sha256(module)
    command = [*build.qemu, build.firmware, "--flash", flash, "--port", "0", "--poll", "20",
               "console"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        line = Line(process)
        status, answer = line.ask(3)
        message = b"hotreload-upload\0" + bytes.fromhex(str(answer["nonce"]))
        message += struct.pack("<I", len(module)) + digest.digest()
        proof = hmac.new(build.secret, message, hashlib.sha256).hexdigest()
        begin = struct.pack("<I", len(module)) + f"{digest.hexdigest()}\0\0{proof}\0".encode()
        assert (status, line.ask(4, begin)) == (200, (200, {"status": "ok"}))
        for start in range(0, len(module), 512):
            piece = struct.pack("<I", start) + module[start:start + 512]
            assert line.ask(5, piece) == (200, {"status": "ok"})
        status, answer = line.ask(6)
        assert (status, answer["status"], answer["size"]) == (200, "ok", len(module))
        assert line.ask(1)[1]["newest"] == {"sequence": answer["sequence"],
                                            "sha256": digest.hexdigest()}
        assert (line.ask(7)[0], line.ask(99)[0]) == (410, 404)
        guard.cancel()
        process.kill()


def read_notes(notes: bytes) -> Dict[int, bytes]:
    """The contents, by type."""
    found: Dict[int, bytes] = {}
    while notes:
        name_size, size, kind = struct.unpack_from("<III", notes)
        assert name_size == 4 and notes[12:16] == b"HRL\0" and kind > max(found, default=0)
        found[kind] = notes[16:16 + size]
        notes = notes[16 + (size + 3) // 4 * 4:]
    return found


def test_the_bytes_of_a_module(build: Build) -> None:
    module = build.module(2)
    head = struct.unpack_from("<16sHHIIIIIHHHHHH", module)
    assert head[0] == b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    assert (head[1], head[5], head[6], head[8:]) == (2, 52, 0, (52, 32, 4, 0, 0, 0))
    parts = {}
    for start in range(52, 180, 32):
        kind, offset, link, _, size, memory, flags, align = struct.unpack_from("<8I", module, start)
        assert kind != 1 or (link % align == 0 and memory >= size)
        name = {1: "data", 4: "notes", 0x68720001: "rela"}[kind]
        name = "text" if name == "data" and flags & 1 else name
        parts[name] = (link, module[offset:offset + size])
    assert set(parts) == {"text", "data", "notes", "rela"}
    text, code = parts["text"]
    notes = read_notes(parts["notes"][1])
    assert struct.unpack_from("<HH", notes[1]) == (2, 0xFF00)
    assert struct.unpack_from("<H", notes[1], 6)[0] == len(notes[1][8:]) == 20
    (count,) = struct.unpack_from("<I", notes[2])
    names = notes[2][4 + 4 * count:].split(b"\0")[:count]
    assert names == sorted(names) and b"" not in names
    for address in struct.unpack_from(f"<{count}I", notes[2], 4):
        assert text <= address < text + len(code)
    places = [place for place, _, _ in struct.iter_unpack("<III", parts["rela"][1])]
    assert places == sorted(places)
    kinds = {info & 0xFF for _, info, _ in struct.iter_unpack("<III", parts["rela"][1])}
    assert kinds <= ({1, 18, 19, 26, 27, 28} if head[2] == 243 else {1})


def test_the_bytes_of_a_record(build: Build) -> None:
    with open(build.generated("partition.bin"), "rb") as file:
        partition = file.read()
    magic, form, offset, sequence, length, digest, _, crc = struct.unpack_from(
        "<4sHHII32s12sI", partition)
    assert (magic, form, offset, sequence) == (b"HRR1", 1, 128, 1)
    assert crc == zlib.crc32(partition[:60])
    assert digest == hashlib.sha256(partition[128:128 + length]).digest()
    assert partition[64:128] == (b"\xff" * 16 + b"hotreload: good.").ljust(64, b"\xff")
    assert set(partition[128 + length:]) == {0xFF}

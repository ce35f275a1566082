"""Devices on a serial port: a log on the same line, and a line that loses and damages things.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Iterator, List

import pytest

from fake_device import FakeDevice
from fake_serial import FakeSerial
from hotreload.commands.outcome import Unfinished, resolve_lost_answer
from hotreload.device import serial_line
from hotreload.device.protocol import AnswerLost, DeviceError
from hotreload.device.serial_device import SerialDevice
from hotreload.device.serial_frames import FINISH, STATUS, WRITE, Frame, Splitter
from hotreload.device.serial_line import SerialLine, split_lines
from hotreload.device.serial_place import Publication, find_share
from hotreload.device.serial_port import open_port
from hotreload.device.serial_share import Share
from project import Project
from test_watch import Watch

FRAME = Frame(STATUS, 0x01020304, bytes(range(200)))
SECRET = bytes(range(32))
PUBLISH = """
import sys, time
from hotreload.device.serial_place import Publication
held = Publication(*sys.argv[1:])
print("published", flush=True)
time.sleep(600)
"""
MODULE = bytes(i * 7 % 251 for i in range(1300))


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def nothing(_done: int, _total: int) -> None:
    pass


def ignore() -> None:
    pass


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where shared ports are noted."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def fake() -> Iterator[FakeSerial]:
    device = FakeSerial(SECRET)
    yield device
    device.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices that do not answer are given up soon."""
    monkeypatch.setattr(serial_line, "_FIRST_SECONDS", 2.0)
    monkeypatch.setattr(serial_line, "_SECONDS", 2.0)


# ---- Frames ----


def test_a_frame_comes_back() -> None:
    for size in range(60):
        frame = Frame(WRITE, 2**32 - 1 - size, bytes(range(size)))
        assert Splitter().feed(frame.encode()) == (b"", [frame])


def test_the_format_is_that_of_the_device() -> None:
    """The same frame as in test/unit/test_serial_frame.c."""
    assert Frame(1, 0x01020304, b"hi").encode() == b"\x02hr:AQQDAgFoaeN2q9U\n"


def test_reads_split_anywhere() -> None:
    line = b"log \x02 1\r\nhalf" + FRAME.encode().replace(b"\n", b"\r\n") + b" a line\n\x02hx"
    for size in (1, 2, 3, 5, 7, 100):
        splitter, text, frames = Splitter(), b"", []
        for start in range(0, len(line), size):
            more, found = splitter.feed(line[start : start + size])
            text, frames = text + more, frames + found
        assert (text, frames) == (b"log \x02 1\r\nhalf a line\n\x02hx", [FRAME])


def test_no_flipped_bit_is_missed() -> None:
    line = FRAME.encode()
    for bit in range(8 * len(line)):
        damaged = bytearray(line)
        damaged[bit // 8] ^= 1 << bit % 8
        splitter = Splitter()
        frames = splitter.feed(bytes(damaged) + b"\n")[1]
        assert frames in ([], [FRAME])
        assert frames == [] or bit // 8 >= len(line) - 2  # Bits that mean nothing; the newline.
        assert FRAME in splitter.feed(line)[1]


def test_a_frame_that_is_cut_off_does_not_harm_the_next() -> None:
    line = FRAME.encode()
    for kept in range(len(line) - 1):
        assert Splitter().feed(line[:kept] + line)[1] == [FRAME]


def test_an_endless_frame_is_given_up() -> None:
    splitter = Splitter()
    for _ in range(10):
        splitter.feed(b"\x02hr:" + b"A" * 5000)
    assert splitter.feed(b"\n" + FRAME.encode())[1] == [FRAME]


# ---- A bad line ----


@pytest.mark.parametrize("fault", ["", "lose", "drop", "damage", "cut", "mix", "delay", "log"])
def test_upload_over_a_bad_line(fake: FakeSerial, fault: str) -> None:
    """Whatever happens to one request after the other, each has its effect once."""
    fake.faults = [fault, ""] * 6
    device = SerialDevice(fake.port, 115200)
    assert device.upload(MODULE, SECRET, nothing) == 1 and fake.uploads == [MODULE]
    assert fake.served.count(WRITE) == 3 and fake.served.count(FINISH) == 1
    device.close()


def test_the_log_is_whole(fake: FakeSerial) -> None:
    lines: List[str] = []
    device = SerialDevice(fake.port, 115200)
    device.follow_log(lines.append, ignore)
    fake.log("first\r\n")
    fake.faults = ["log"] * 3
    for _ in range(3):
        assert device.status()["firmware"] == "0011"
    fake.log("last\r\n")
    wait_until(lambda: lines[-1:] == ["last"])
    assert lines == ["first"] + ["half a line of the log"] * 3 + ["last"]
    device.close()


def test_progress_and_several_uploads(fake: FakeSerial) -> None:
    seen: List[int] = []
    device = SerialDevice(fake.port, 115200)
    device.upload(MODULE, SECRET, lambda done, total: seen.append(done * 1000 + total))
    device.upload(MODULE[:1], SECRET, nothing)
    assert seen == [512 * 1000 + 1300, 1024 * 1000 + 1300, 1300 * 1000 + 1300]
    assert fake.uploads == [MODULE, MODULE[:1]]
    device.close()


# ---- Messages ----


def ask(fake: FakeSerial, baud: int = 115200) -> str:
    """Asks for the status, which must fail; the message."""
    line = SerialLine(fake.port, baud)
    try:
        with pytest.raises(DeviceError) as error:
            line.ask(STATUS)
        return str(error.value)
    finally:
        line.close()


def test_nothing_comes(fake: FakeSerial, impatient: None) -> None:
    fake.silent = True
    assert "is silent" in ask(fake)


def chatter(fake: FakeSerial, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """Has the device send these bytes on each request, in place of an answer."""
    monkeypatch.setattr(fake, "_reply", lambda _frame, _fault: fake.send(data))


def test_a_log_but_no_answer(
    fake: FakeSerial, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatter(fake, monkeypatch, b"I (5) main: hello \xe2\x82\xac\r\n")
    assert "hotreload_serial_start()" in ask(fake)


def test_it_restarts_instead(
    fake: FakeSerial, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatter(fake, monkeypatch, b"ESP-ROM:esp32c3-api1\r\nrst:0x3 (RTC_SW_SYS_RST)\r\n")
    message = ask(fake)
    assert "restarted" in message and "RTC_SW_SYS_RST" in message


def test_wrong_baud_rate(
    fake: FakeSerial, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chatter(fake, monkeypatch, bytes(range(128, 250)) + b"abc")
    message = ask(fake, 9600)
    assert "9600 baud seems to be wrong" in message and "--baud" in message


def test_restart_during_the_upload(fake: FakeSerial) -> None:
    fake.faults = ["", "", "", "restart"]
    device = SerialDevice(fake.port, 115200)
    with pytest.raises(DeviceError, match="the device restarted"):
        device.upload(MODULE, SECRET, nothing)
    assert device.upload(MODULE, SECRET, nothing) == 1 and fake.uploads == [MODULE]
    device.close()


def test_restart_after_the_upload(fake: FakeSerial) -> None:
    """It has the module, but its answer is lost, and it knows nothing when it is asked again."""
    fake.faults = [""] * 5 + ["drop", "restart"]
    device = SerialDevice(fake.port, 115200)
    with pytest.raises(AnswerLost, match="knows nothing of the upload any more") as lost:
        device.upload(MODULE, SECRET, nothing)
    assert fake.uploads == [MODULE] and resolve_lost_answer(device, MODULE, lost.value) == 1
    device.close()


def test_silence_at_the_end_of_the_upload(fake: FakeSerial, impatient: None) -> None:
    fake.faults = [""] * 5 + ["drop"] + ["lose"] * 100
    device = SerialDevice(fake.port, 115200)
    with pytest.raises(AnswerLost, match="stopped answering") as lost:
        device.upload(MODULE, SECRET, nothing)
    with pytest.raises(Unfinished, match="does not say either"):
        resolve_lost_answer(device, MODULE, lost.value)
    fake.faults = []
    assert resolve_lost_answer(device, MODULE, lost.value) == 1
    device.close()


def test_silence_before_the_end_of_the_upload(fake: FakeSerial, impatient: None) -> None:
    fake.faults = [""] * 4 + ["lose"] * 100
    device = SerialDevice(fake.port, 115200)
    with pytest.raises(DeviceError, match="stopped answering") as error:
        device.upload(MODULE, SECRET, nothing)
    assert not isinstance(error.value, AnswerLost)
    device.close()


def test_it_stops_answering(fake: FakeSerial, impatient: None) -> None:
    device = SerialDevice(fake.port, 115200)
    device.status()
    fake.silent = True
    with pytest.raises(DeviceError, match="stopped answering"):
        device.status()
    device.close()


def test_refusals_are_those_of_http(fake: FakeSerial) -> None:
    fake.refuse = (409, "linked with another firmware")
    device = SerialDevice(fake.port, 115200)
    with pytest.raises(DeviceError, match="(?s)409 Conflict: linked with.*flash the firmware"):
        device.status()
    device.close()


def test_ports_that_cannot_be_opened(fake: FakeSerial, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="there is no port /dev/ttyNONE"):
        SerialLine("/dev/ttyNONE", 115200)
    with pytest.raises(DeviceError, match="cannot open socket://127.0.0.1:1.*refused"):
        SerialLine("socket://127.0.0.1:1", 115200)
    with pytest.raises(DeviceError, match="cannot open what://ever"):
        SerialLine("what://ever", 115200)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(DeviceError, match="cannot open"):
        SerialLine(str(file), 115200)
    line = SerialLine(fake.port, 115200)
    with pytest.raises(DeviceError, match="in use.*monitor --port"):
        SerialLine(fake.port, 115200)
    line.close()


def test_permission_is_explained() -> None:
    from hotreload.device.serial_port import _explain

    assert "dialout" in _explain("/dev/ttyUSB0", PermissionError(13, "Permission denied"))


def test_opening_does_not_reset_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    """RTS up with DTR down is reset, on the usual two transistors and on USB-Serial/JTAG."""
    steps: List[str] = []

    class Port:
        timeout = write_timeout = baudrate = exclusive = None

        def __setattr__(self, name: str, value: Any) -> None:
            if name in ("rts", "dtr"):
                steps.append(f"{name} {'up' if value else 'down'}")
            object.__setattr__(self, name, value)

        def open(self) -> None:
            assert self.exclusive and self.baudrate == 74880
            steps.append("open")

    monkeypatch.setattr("serial.serial_for_url", lambda _port, do_not_open: Port())
    open_port("/dev/ttyUSB7", 74880)
    assert steps[-3:] == ["open", "rts down", "dtr down"]
    assert sorted(steps[:-3]) == ["dtr up", "rts up"]


def test_a_port_that_is_lost_is_opened_again(fake: FakeSerial) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    lines: List[str] = []
    device = SerialDevice(f"socket://127.0.0.1:{listener.getsockname()[1]}", 115200)
    device.follow_log(lines.append, ignore)
    end, _ = listener.accept()
    end.close()
    wait_until(lambda: any("was lost" in line for line in lines))
    assert device.line  # Connects anew.
    end, _ = listener.accept()
    end.sendall(b"back\n")
    wait_until(lambda: lines[-1:] == ["back"])
    device.close()
    end.close()
    listener.close()


def test_threads_open_a_port_once(fake: FakeSerial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of `watch` ask at once when the board comes back."""
    both = threading.Barrier(2)

    def open_slowly(port: str, baud: int) -> SerialLine:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # Only a second one that opens ends this early.
        return SerialLine(port, baud)

    monkeypatch.setattr("hotreload.device.serial_device.SerialLine", open_slowly)
    device = SerialDevice(fake.port, 115200)
    with ThreadPoolExecutor(2) as threads:
        lines = list(threads.map(lambda _: device.line, range(2)))
    assert lines[0] is lines[1] and both.broken
    device.close()


def test_a_port_that_is_unplugged_while_it_is_written(
    fake: FakeSerial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyserial lets an error of termios through, which is no OSError."""
    line = SerialLine(fake.port, 115200)
    with monkeypatch.context() as patched:
        patched.setattr(line._serial, "flush", unplugged)
        with pytest.raises(DeviceError, match="cannot be written.*Input/output error"):
            line.ask(STATUS)
    line.close()
    monkeypatch.setattr("serial.Serial._reconfigure_port", unplugged)
    with pytest.raises(DeviceError, match="cannot open .*Input/output error"):
        open_port(fake.port, 115200)


def unplugged(*_: object, **__: object) -> None:
    raise termios.error(errno.EIO, "Input/output error")


# ---- Sharing ----


def test_a_port_is_shared_where_nothing_can_be_noted(
    fake: FakeSerial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `su`, or where the disk is full: whoever is told the URL can still use it."""
    for name, is_noted in (("missing", True), ("file", False)):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path if is_noted else tmp_path / name))
        line = SerialLine(fake.port, 115200)
        share = Share(line)
        assert (find_share(fake.port) == share.url) == is_noted
        other = SerialDevice(share.url, 115200)
        assert other.status()["status"] == "ok"
        other.close()
        share.close()
        line.close()


def test_two_use_one_port(fake: FakeSerial) -> None:
    """The holder and those who share it ask at once; each gets its answers, all get the log."""
    line = SerialLine(fake.port, 115200)
    share = Share(line)
    line.on_log = share.show
    first, second = SerialDevice(fake.port, 115200), SerialDevice(share.url, 115200)
    lines: List[str] = []
    second.follow_log(lines.append, ignore)
    for device in (first, second):
        device.upload(MODULE, SECRET, nothing)
        assert line.ask(STATUS)[0] == 200
    fake.log("hello\r\n")
    wait_until(lambda: "hello" in lines)
    assert fake.uploads == [MODULE] * 2
    second.line.send(b"typed")
    wait_until(lambda: fake.received == b"typed")
    first.close()
    second.close()
    share.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", int(share.url.rsplit(":", 1)[1])), 5)
    line.close()
    line = SerialLine(fake.port, 115200)  # The port itself again.
    assert line.ask(STATUS)[0] == 200
    line.close()


def test_what_a_killed_command_left_behind(fake: FakeSerial) -> None:
    """Another program may listen there since."""
    alias = os.path.join(os.path.dirname(fake.port), ".", os.path.basename(fake.port))
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"socket://127.0.0.1:{other.getsockname()[1]}"
        with subprocess.Popen(
            [sys.executable, "-c", PUBLISH, fake.port, url], stdout=subprocess.PIPE
        ) as command:
            assert command.stdout and command.stdout.readline() == b"published\n"
            assert find_share(alias) == url
            command.kill()
        assert find_share(alias) is None
        line = SerialLine(fake.port, 115200)
        assert not line.is_shared and line.ask(STATUS)[0] == 200
        line.close()


def test_a_share_that_has_just_ended(fake: FakeSerial) -> None:
    publication = Publication(fake.port, "socket://127.0.0.1:1")
    line = SerialLine(fake.port, 115200)
    assert line.ask(STATUS)[0] == 200
    line.close()
    publication.withdraw()
    publication.withdraw()


def test_lines_of_a_log() -> None:
    lines: List[str] = []
    take = split_lines(lines.append)
    for data in (b"a\r\nb", b"c\n", b"", b"\xff\n", b"rest"):
        take(data)
    assert lines == ["a", "bc", "\ufffd"]


# ---- Commands ----


@pytest.fixture
def board(built: Project) -> Iterator[FakeSerial]:
    """A device that knows the secret of `built`."""
    device = FakeSerial(bytes.fromhex((built.out / "secret.key").read_text().strip()))
    yield device
    device.close()


def test_reload_and_status(built: Project, board: FakeSerial) -> None:
    command = ["--build", str(built.build), "--port", board.port]
    text = built.tool("reload", *command)
    assert f"to {board.port} in " in text
    assert board.uploads == [(built.out / "module.bin").read_bytes()]
    assert re.search(r"device +" + board.port, built.tool("status", *command))
    assert re.search("no module", built.fail("gdb", *command))


def test_where_the_port_comes_from(
    built: Project, board: FakeSerial, device: FakeDevice
) -> None:
    command = ["reload", "--build", str(built.build)]
    assert built.run(*command, HOTRELOAD_PORT=board.port).returncode == 0
    assert len(board.uploads) == 1
    assert built.run(*command, "--url", device.url, HOTRELOAD_PORT=board.port).returncode == 0
    assert len(device.uploads) == 1
    assert built.run(*command, "-p", board.port, HOTRELOAD_URL=device.url).returncode == 0
    assert len(board.uploads) == 2
    assert "both set" in built.fail(*command, "-p", board.port, "--url", device.url)


def test_baud_rate_of_the_build(tmp_path: Path) -> None:
    from hotreload.device.find_device import console_baud

    assert console_baud(str(tmp_path)) == 115200
    (tmp_path / "project_description.json").write_text('{"monitor_baud": "921600"}')
    assert console_baud(str(tmp_path)) == 921600
    (tmp_path / "hotreload").mkdir()
    (tmp_path / "hotreload" / "hotreload.json").write_text("{}")
    assert console_baud(str(tmp_path / "hotreload" / "hotreload.json")) == 921600


def test_watch_shows_the_log(built: Project, board: FakeSerial) -> None:
    process = built.start("watch", "--build", str(built.build), "--port", board.port)
    with Watch(process) as watch:
        board.log("hello from the board\r\n")
        watch.wait_for("hello from the board")
        status = built.tool("status", "--build", str(built.build), "--port", board.port)
        assert board.port in status, "beside the watch"
        board.faults = ["log"]
        built.write("a.c", "int f(void) { return 5; }\n")
        seen = watch.wait_for("Reloaded whole ")
        assert "half a line of the log" in "\n".join(seen + watch.lines)
    assert board.uploads[1:] == [(built.out / "module.bin").read_bytes()]


def test_watch_of_a_port_that_comes_and_goes(
    built: Project, board: FakeSerial, tmp_path: Path
) -> None:
    """As a chip's own USB does when the chip restarts."""
    port = tmp_path / "ttyBoard"
    process = built.start("watch", "--build", str(built.build), "--port", str(port))
    with Watch(process) as watch:
        assert any("there is no port" in line for line in watch.lines)
        port.symlink_to(board.port)
        watch.wait_for("Reloaded whole ")
        board.log("the first\r\n")
        watch.wait_for("the first")
        other = FakeSerial(board.secret)
        try:
            port.unlink()
            port.symlink_to(other.port)
            board.close()
            watch.wait_for("was lost")
            watch.wait_for("Reloaded whole ")
            other.log("the second\r\n")
            watch.wait_for("the second")
            assert other.uploads == board.uploads
        finally:
            watch.stop()
            other.close()


def test_monitor_beside_reload(built: Project, board: FakeSerial) -> None:
    process = built.start("monitor", "--build", str(built.build), "--port", board.port)
    monitor = Watch(process)
    try:
        url = monitor.wait_for("idf.py monitor")[-1].split()[-1]
        built.tool("reload", "--build", str(built.build), "--port", board.port)
        built.tool("reload", "--build", str(built.build), "--port", url)
        board.log("module loaded: 8 bytes of text at 0x40380000, 0 bytes of data at 0x3fc90000\r\n")
        board.log("PC: 0x40380000\r\nstill here\r\n")
        monitor.wait_for("still here")
        assert any(line.startswith("--- 0x40380000: ") for line in monitor.lines)
        assert not any("hr:" in line for line in monitor.lines)
        assert len(board.uploads) == 2
    finally:
        assert monitor.stop() == 0


def test_monitor_whose_reader_has_gone(built: Project, board: FakeSerial) -> None:
    """As `monitor | head` does it: that is no fault of the board."""
    process = built.start("monitor", "--build", str(built.build), "--port", board.port)
    while "idf.py monitor" not in process.stdout.readline():
        assert process.poll() is None
    process.stdout.close()
    for _ in range(300):  # Less than the terminal holds if nobody reads it.
        board.log("a line\r\n")
        time.sleep(0.02)
        if process.poll() is not None:
            break
    assert process.wait(60) in (0, 1)


def test_a_reload_that_is_interrupted(built: Project, board: FakeSerial) -> None:
    board.faults = [""] * 2 + ["lose"] * 100
    process = built.start("reload", "--build", str(built.build), "--port", board.port)
    wait_until(lambda: len(board.faults) < 100)
    board.faults = []
    board.silent = True
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    board.silent = False
    assert board.uploads == []
    built.tool("reload", "--build", str(built.build), "--port", board.port)
    assert len(board.uploads) == 1

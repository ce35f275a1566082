"""Commands without --url: the board is found on the network, here on the loopback interface.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from typing import Any, Callable, Iterator, List

import pytest

from announce import LOOPBACK, SERVICE, Announcement
from fake_device import FakeDevice
from hotreload.commands.reload import Options, reload_once
from hotreload.commands.watch import watch
from hotreload.description import load_description
from hotreload.device.find_device import Where, find_device, find_device_again
from hotreload.device.discovery import Search
from hotreload.errors import ToolError
from hotreload.module.firmware_reader import FirmwareReader
from project import Project, hide
from test_watch import PATIENCE, Watch, body

Announce = Callable[..., Announcement]

# Other runs of these tests, on this machine or in its network, announce boards as well.
FIRST, SECOND, OTHER, STRANGE, HERE, TWIN, WANDERER = NAMES = [
    f"{name}-{secrets.token_hex(4)}"
    for name in ("first", "second", "other", "strange", "here", "twin", "wanderer")
]


@pytest.fixture(scope="session")
def multicast() -> None:
    """Skips where programs on this machine cannot hear each other's multicast."""
    zeroconf = pytest.importorskip("zeroconf", reason="python3-zeroconf is not installed")
    name = f"test-{secrets.token_hex(4)}"
    with Announcement("http://127.0.0.1:9", "00", "test", name):
        listener = zeroconf.Zeroconf(interfaces=[LOOPBACK])
        try:
            found = listener.get_service_info(SERVICE, f"{name}.{SERVICE}", 10000)
        finally:
            listener.close()
    if found is None:
        pytest.skip("no multicast on the loopback interface")


@pytest.fixture
def board(multicast: None, riscv: Project) -> Project:
    """A built project whose firmware no other test has, on this machine at this time."""
    start = "void _start(void) {"
    unique = f"volatile unsigned unique;\n{start} unique = {secrets.randbits(32)}u;"
    riscv.firmware_source = riscv.firmware_source.replace(start, unique)
    riscv.write("a.c", body(1))
    riscv.make()
    return riscv


@pytest.fixture
def device(board: Project) -> Iterator[FakeDevice]:
    fake = new_device(board)
    yield fake
    fake.close()


def new_device(project: Project) -> FakeDevice:
    return FakeDevice(bytes.fromhex((project.out / "secret.key").read_text().strip()))


@pytest.fixture
def announce(board: Project) -> Iterator[Announce]:
    """Announces a board until the test ends; by default one with the firmware of the project."""
    announced: List[Announcement] = []

    def start(
        url: str, name: str = "", firmware: str = "", project: str = "blinky", **more: Any
    ) -> Announcement:
        name = name or f"board-{secrets.token_hex(4)}"
        announced.append(Announcement(url, firmware or identity(board), project, name, **more))
        return announced[-1]

    yield start
    for announcement in announced:
        announcement.__exit__()


def identity(project: Project) -> str:
    return FirmwareReader().identity(load_description(str(project.build))).hex()


def command(project: Project, name: str) -> List[str]:
    return [name, "--build", str(project.build)]


def until_found(count: int) -> Callable[..., bool]:
    """When a search is over, for tests that know what there is to find."""
    return lambda search, begun, _matched: (
        sum(name.startswith(tuple(NAMES)) for name in search._found) == count
        or time.monotonic() > begun + PATIENCE
    )


def test_the_only_one_with_this_firmware(
    board: Project, device: FakeDevice, announce: Announce
) -> None:
    announce("http://127.0.0.1:1", firmware="00" * 20)
    announce(device.url)
    board.write("a.c", body(2))
    text = board.tool(*command(board, "reload"))
    assert device.uploads == [(board.out / "module.bin").read_bytes()]
    assert f"to {device.url} in" in text and ", find " in text


def test_a_url_is_not_looked_for(board: Project, device: FakeDevice, announce: Announce) -> None:
    announce("http://127.0.0.1:1")
    text = board.tool(*command(board, "reload"), "--url", device.url)
    assert len(device.uploads) == 1 and ", find " not in text


def test_several_with_this_firmware(
    board: Project,
    device: FakeDevice,
    announce: Announce,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    announce(device.url, FIRST)
    announce("http://127.0.0.1:2", SECOND)
    monkeypatch.setattr(Search, "_is_over", until_found(2))
    text = board.fail(*command(board, "status"))
    assert "2 boards run the firmware of this build" in text and "--all" in text
    short = identity(board)[:12]
    assert f"\n  --url {device.url}  blinky, firmware {short}, {FIRST}\n" in text
    assert f"\n  --url http://127.0.0.1:2  blinky, firmware {short}, {SECOND}\n" in text
    with pytest.raises(SystemExit):
        reload_once(Options(str(board.build), Where()))
    assert "Not reloaded: find failed" in capsys.readouterr().err and device.uploads == []


def test_none_with_this_firmware(
    board: Project, announce: Announce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Search, "_is_over", until_found(2))
    board.describe(chip=5)
    announce("http://127.0.0.1:1", OTHER, firmware="ab" * 20)
    announce("http://127.0.0.1:2", STRANGE, firmware="?", project="\x1b[2Jclear")
    text = board.fail(*command(board, "status"))
    assert f"this build (test, firmware {identity(board)[:12]}); there are:" in text
    assert f"\n  http://127.0.0.1:1  blinky, firmware abababababab, {OTHER}" in text
    assert f"\n  http://127.0.0.1:2  ?[2Jclear, firmware ?, {STRANGE}" in text
    assert "\nrun: idf.py build flash, or name one of them with --url" in text


def test_none_at_all(board: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whatever else is announced on this machine or in its network is none of this service.
    monkeypatch.setattr("hotreload.device.discovery.SERVICE", "_hotreload-no._tcp.local.")
    text = board.fail(*command(board, "status"))
    assert "no board was found on the network within 3 s" in text
    assert "--url http://192.168.1.100:8080" in text


def test_a_board_without_ipv4_is_left_out(board: Project, announce: Announce) -> None:
    announce("http://127.0.0.1:1", address=socket.inet_pton(socket.AF_INET6, "fe80::1"))
    assert "no board" in board.fail(*command(board, "status"))


def test_a_withdrawn_board_is_gone(board: Project, device: FakeDevice, announce: Announce) -> None:
    with announce("http://127.0.0.1:1"):
        pass
    announce(device.url)
    assert board.tool(*command(board, "status")).split()[1] == device.url


def test_no_network(board: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_named: Any) -> None:
        raise OSError("network is unreachable")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", fail)
    text = board.fail(*command(board, "status"))
    assert "cannot look for boards" in text and "(network is unreachable)" in text


def test_without_zeroconf(riscv: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    riscv.write("a.c", body(1))
    riscv.make()
    monkeypatch.setattr("hotreload.device.discovery.find_spec", lambda _name: None)
    text = riscv.fail(*command(riscv, "status"))
    assert "which device?" in text and "-m pip install zeroconf" in text


def test_zeroconf_that_cannot_be_imported(riscv: Project) -> None:
    riscv.write("a.c", body(1))
    riscv.make()
    result = riscv.run(*command(riscv, "reload"), PYTHONPATH=hide(riscv.root, "zeroconf"))
    assert result.returncode == 1 and "Traceback" not in result.stdout
    assert "which device?" in result.stdout and "hidden by a test" in result.stdout


def watching(project: Project) -> "subprocess.Popen[str]":
    return project.start(*command(project, "watch"))


def test_watch_finds_a_board_again_that_moved(board: Project, announce: Announce) -> None:
    old, new = new_device(board), new_device(board)
    try:
        announcement = announce(old.url, WANDERER)
        with Watch(watching(board)) as watch:
            watch.wait_for(f"to {old.url} in")
            board.write("a.c", body(2))
            watch.wait_for(f"to {old.url} in")
            old.close()
            announcement.__exit__()
            announce(new.url, WANDERER)
            board.write("a.c", body(3))
            watch.wait_for(f"The board is at {new.url} now.")
            watch.wait_for(f"to {new.url} in")
            board.write("a.c", body(4))
            assert not any("The board is" in line for line in watch.wait_for("Reloaded whole "))
        assert len(old.uploads) == 2 and len(new.uploads) == 2
    finally:
        new.close()


def test_watch_follows_a_board_that_crashed(board: Project, announce: Announce) -> None:
    """It has another address after its restart, and nothing is saved meanwhile."""
    old, new = new_device(board), new_device(board)
    new.rollback = "module 1 crashed on trial, the flashed module runs"
    old.trial = True
    try:
        announcement = announce(old.url, WANDERER)
        with Watch(watching(board)) as watch:
            watch.wait_for(f"to {old.url} in")
            old.close()
            announcement.__exit__()
            announce(new.url, WANDERER)
            watch.wait_for(f"The board is at {new.url} now.")
            said = [watch.wait_for("went back to other code")[-1] for _ in range(2)]
        assert any(line.startswith(f"Not sent: {new.url} went back") for line in said)
        assert any(line.startswith("The device went back") for line in said)
        assert new.uploads == []
    finally:
        new.close()


def test_watch_waits_for_a_board(board: Project, device: FakeDevice, announce: Announce) -> None:
    with Watch(watching(board)) as watch:
        assert "no board has been found yet" in watch.lines[-1]
        watch.wait_for("The watch goes on looking")
        announce(device.url)
        watch.wait_for(f"Changes go to {device.url}.")
        watch.wait_for(f"to {device.url} in")
        board.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 2


def test_watch_ends_where_several_match(
    board: Project, device: FakeDevice, announce: Announce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Search, "_is_over", until_found(2))
    monkeypatch.setattr("hotreload.commands.watch.end_by_interrupt", lambda _note: None)
    announce(device.url, FIRST)
    announce("http://127.0.0.1:2", SECOND)
    with pytest.raises(ToolError, match="2 boards run the firmware of this build"):
        watch(Options(str(board.build), Where()), 0.05)
    assert device.uploads == []


def test_reload_all(board: Project, device: FakeDevice, announce: Announce) -> None:
    """One that refuses does not keep the others from getting theirs."""
    other = new_device(board)
    try:
        announce(device.url, FIRST)
        announce(other.url, SECOND)
        board.write("a.c", body(2))
        text = board.tool(*command(board, "reload"), "--all")
        assert f"to {device.url} in" in text and f"to {other.url} in" in text
        assert device.uploads == other.uploads == [(board.out / "module.bin").read_bytes()]
        device.refuse = (503, {"status": "error", "error": "an upload is under way"})
        board.write("a.c", body(3))
        text = board.fail(*command(board, "reload"), "--all")
        assert "Not reloaded: upload failed" in text and f"to {other.url} in" in text
        assert len(other.uploads) == 2
    finally:
        other.close()


def test_all_and_one(board: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    text = board.fail(*command(board, "reload"), "--all", "--url", "http://127.0.0.1:1")
    assert "leave out --url" in text


def test_watch_all(board: Project, device: FakeDevice, announce: Announce) -> None:
    """Every board gets each change; one that comes later is found by the next change."""
    other, late = new_device(board), new_device(board)
    try:
        announce(device.url, FIRST)
        announce(other.url, SECOND)
        with Watch(board.start(*command(board, "watch"), "--all")) as watch:
            for _ in range(2):
                watch.wait_for("Reloaded whole ")
            other.close()
            board.write("a.c", body(2))
            watch.wait_for(f"to {device.url} in")
            watch.wait_for(f"Not sent: {other.url} gets it when it answers")
            announce(late.url, HERE)
            board.write("a.c", body(3))
            watch.wait_for(f"to {late.url} in")
        assert [len(one.uploads) for one in (device, other, late)] == [3, 1, 1]
    finally:
        late.close()


def test_a_board_that_is_gone_or_was_named_is_not_looked_for_elsewhere(
    board: Project, device: FakeDevice, announce: Announce
) -> None:
    build = str(board.build)
    announcement = announce(device.url, HERE)
    found = find_device(Where(), build)
    assert (found.url, found.name) == (device.url, HERE)
    assert find_device_again(found, build) is None, "it is where it was"
    announcement.__exit__()
    assert find_device_again(found, build) is None
    announce("http://127.0.0.1:2", TWIN)
    assert find_device_again(found, build) is None, "of two with its firmware it is the other"
    assert find_device_again(find_device(Where("http://127.0.0.1:1"), build), build) is None


def test_who_looks_for_a_name_waits_for_it(
    board: Project, announce: Announce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotreload.device.discovery._PATIENCE", PATIENCE)
    monkeypatch.setattr("hotreload.device.discovery._OTHERS", 0.0)
    announce("http://127.0.0.1:1", TWIN)
    search = Search(load_description(str(board.build)), FirmwareReader(), HERE)
    deadline = time.monotonic() + PATIENCE
    while not search._found and time.monotonic() < deadline:
        time.sleep(0.01)
    announce("http://127.0.0.1:2", HERE)
    assert search.wait().url == "http://127.0.0.1:2"


def test_when_a_search_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    search = Search.__new__(Search)
    search._name, search._is_all = None, False
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    assert search._is_over(96.9, None) and not search._is_over(97.1, None), "nothing matches"
    assert search._is_over(0.0, 99.5), "others had their time"
    assert not search._is_over(0.0, 99.7), "however long the first took"
    search._name = "here"
    assert search._is_over(99.0, 99.9), "no other is waited for"
    assert search._is_over(96.9, None) and not search._is_over(97.1, None)
    search._name, search._is_all = None, True
    assert not search._is_over(99.0, 99.1), "each of all has its time"

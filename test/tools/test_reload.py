"""`reload`: from the sources to the device, and every way in which that can fail.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from fake_device import FakeDevice
from project import Project, hide

STEPS = ("compile", "objects", "link", "check", "pack", "upload")
TIMES = r"in \d+\.\d\d s \(" + ", ".join(rf"{step} \d+\.\d\d" for step in STEPS) + r"\)"
KEPT = "the device goes on with the code it has"


def last_line(text: str) -> str:
    return text.rstrip("\n").rpartition("\n")[2]


def reload(project: Project, url: str, *more: str) -> str:
    return project.tool("reload", "--build", str(project.build), "--url", url, *more)


def fail(project: Project, url: str, *more: str) -> str:
    return project.fail("reload", "--build", str(project.build), "--url", url, *more)


def later(path: Path) -> None:
    """Makes a file newer than all that was built from it."""
    now = time.time() + 10
    os.utime(path, (now, now))


def change(project: Project) -> None:
    project.write("a.c", "int f(void) { return 2; }\n")


def test_sends_the_changed_module(built: Project, device: FakeDevice) -> None:
    before = (built.out / "module.bin").read_bytes()
    change(built)
    text = reload(built, device.url)
    module = (built.out / "module.bin").read_bytes()
    assert module != before and device.uploads == [module]
    assert "[1/1]" in text, "ninja's own words"
    why = r"Reloaded whole \(the device does not say what it runs\)"
    expected = rf"{why}: {len(module)} bytes to {re.escape(device.url)} {TIMES}"
    assert re.fullmatch(expected, last_line(text)), text


def test_sends_again_without_a_change(built: Project, device: FakeDevice) -> None:
    reload(built, device.url)
    reload(built, device.url)
    assert len(device.uploads) == 2


def test_description_instead_of_directory(built: Project, device: FakeDevice) -> None:
    built.tool("reload", "--build", str(built.out / "hotreload.json"), "--url", device.url)
    assert len(device.uploads) == 1


@pytest.mark.parametrize("package", ["click", "elftools"])
def test_python_without_a_package(built: Project, device: FakeDevice, package: str) -> None:
    """elftools only finds the line of a variable: the error is told without."""
    built.write("a.c", "extern int gone; int *p[2] = {0, &gone}; int f(void) { return 1; }\n")
    result = built.run("reload", "--build", str(built.build), "--url", device.url,
                       PYTHONPATH=hide(built.root, package))  # fmt: skip
    assert result.returncode == 1 and "Traceback" not in result.stdout, result.stdout
    expected = {"click": " lacks the package click: ", "elftools": "data.p+0x4): p needs 'gone'"}
    assert expected[package] in result.stdout


def test_where_the_url_comes_from(built: Project, device: FakeDevice) -> None:
    command = ["reload", "--build", str(built.build)]
    hidden = hide(built.root, "zeroconf")
    result = built.run(*command, PYTHONPATH=hidden)
    assert result.returncode == 1 and "-m pip install zeroconf" in result.stdout
    assert "--url http://192.168.1.100:8080 or set HOTRELOAD_URL" in result.stdout
    assert built.run(*command, HOTRELOAD_URL=device.url).returncode == 0
    built.describe(url=device.url)
    assert built.run(*command).returncode == 0
    assert built.run(*command, HOTRELOAD_URL="http://127.0.0.1:1").returncode == 1
    result = built.run(*command, "--url", device.url, HOTRELOAD_URL="http://127.0.0.1:1")
    assert result.returncode == 0 and len(device.uploads) == 3


def test_url_without_scheme(built: Project, device: FakeDevice) -> None:
    reload(built, device.url[len("http://") :] + "/")
    assert device.requests == ["GET /status", "GET /nonce", "POST /upload", "GET /status"]


def test_skip_build(built: Project, device: FakeDevice) -> None:
    module = (built.out / "module.bin").read_bytes()
    change(built)
    text = reload(built, device.url, "--skip-build")
    assert device.uploads == [module] and "(upload" in last_line(text)
    (built.out / "module.bin").unlink()
    assert "cannot read the packed module" in fail(built, device.url, "--skip-build")


def test_verbose_shows_commands(built: Project, device: FakeDevice) -> None:
    change(built)
    assert f"{built.toolchain.compiler} " in reload(built, device.url, "-v")


def test_cmake_is_not_run(built: Project, device: FakeDevice) -> None:
    """ninja would run CMake by itself when one of its files has changed."""
    script = built.write("CMakeLists.txt", "")
    ninja = built.build / "build.ninja"
    rule = "rule cmake\n  command = touch $out cmake_was_here\n  generator = 1\n"
    ninja.write_text(f"{rule}build build.ninja: cmake {script}\n{ninja.read_text()}")
    change(built)
    later(script)
    text = fail(built, device.url)
    assert "CMakeLists.txt has changed" in text and "must be flashed" in text
    assert not (built.build / "cmake_was_here").exists() and device.uploads == []


def test_changed_firmware_is_not_reloaded(built: Project, device: FakeDevice) -> None:
    source = built.root / "main.c"
    source.write_text("")
    ninja = built.build / "build.ninja"
    phony = "build firmware: phony "
    ninja.write_text(ninja.read_text().replace(phony, f"build main.o: cc {source}\n{phony}main.o "))
    text = fail(built, device.url)
    assert re.search(r"not only the module .*:\n  main\.o .*not been built\n", text)
    assert device.uploads == []


# ---- failures of the build ----


def test_compile_error(built: Project, device: FakeDevice) -> None:
    built.write("a.c", "int f(void) { return nonsense; }\n")
    text = fail(built, device.url)
    assert re.search(r"a\.c:1:22: error: .nonsense. undeclared", text), "the compiler's own words"
    assert re.fullmatch(rf"Not reloaded: compile failed after \d+\.\d\d s; {KEPT}", last_line(text))
    assert device.uploads == []


def test_link_error(built: Project, device: FakeDevice) -> None:
    built.write("a.c", "int absent(void); int f(void) { return absent(); }\n")
    text = fail(built, device.url)
    assert "needs 'absent'" in text and last_line(text).startswith("Not reloaded: link failed")
    assert device.uploads == []


def test_pack_error(built: Project, device: FakeDevice) -> None:
    built.write("a.c", "int own; int f(void) { return own; }\n")
    built.flags.append("-mcmodel=medany")
    built.write_ninja()
    text = fail(built, device.url)
    assert "-mcmodel=medlow" in text and last_line(text).startswith("Not reloaded: pack failed")


def test_no_ninja(built: Project, device: FakeDevice) -> None:
    built.describe(ninja="/nonexistent/ninja")
    text = fail(built, device.url)
    assert "cannot run /nonexistent/ninja" in text


def test_no_description(riscv: Project) -> None:
    text = riscv.fail("reload", "--build", str(riscv.root / "nowhere"), "--url", "http://x")
    assert "build the project first" in text
    assert last_line(text) == f"Not reloaded: no build; {KEPT}"


# ---- failures of the device ----


@pytest.mark.parametrize(
    "status, reason, advice",
    [
        (400, "Content-Length is not a number", ""),
        (403, "wrong HMAC", "flash the one of this build directory"),
        (408, "timed out", "the connection is too slow"),
        (409, "linked with another firmware", "flash the firmware of this build directory"),
        (411, "no length", ""),
        (413, "larger than 65536 bytes", "raise max_upload_size"),
        (422, "not a module: relocation type 77", ""),
        (500, "the flash cannot be erased", ""),
        (503, "an upload is under way", "try again"),
    ],
)
def test_device_refuses(
    built: Project, device: FakeDevice, status: int, reason: str, advice: str
) -> None:
    device.refuse = (status, {"status": "error", "error": reason})
    text = fail(built, device.url)
    assert f"{device.url} answers {status} " in text and f": {reason}\n" in text and advice in text
    assert re.fullmatch(rf"Not reloaded: upload failed after \d+\.\d\d s; {KEPT}", last_line(text))


def test_not_a_hotreload_server(built: Project, device: FakeDevice) -> None:
    device.nonce = None
    device.refuse = (404, {})
    assert "is the URL right?" in fail(built, device.url)
    device.refuse = (200, [])  # type: ignore[assignment]
    assert "answers 200 OK" in fail(built, device.url)


def test_refusal_before_the_body_was_read(built: Project, device: FakeDevice) -> None:
    device.raw_answer = (
        b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 34\r\n\r\n"
        b'{"status":"error","error":"no way"}'[:34]
    )
    text = fail(built, device.url)
    assert "413" in text


def test_answer_with_orders_for_the_terminal(built: Project, device: FakeDevice) -> None:
    device.refuse = (503, {"status": "error", "error": "\x1b]0;title\x07 is busy"})
    assert "?]0;title? is busy" in fail(built, device.url)


def test_answer_that_is_not_json(built: Project, device: FakeDevice) -> None:
    device.raw_answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 8\r\n\r\nall bad\n"
    assert "answers 500 Internal Server Error: all bad" in fail(built, device.url)


HALF_AN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize("answer", [b"", HALF_AN_ANSWER, b"junk"])
def test_connection_cut(built: Project, device: FakeDevice, answer: bytes) -> None:
    device.raw_answer = answer
    text = fail(built, device.url)
    assert f"{device.url} closed the connection" in text and "did the device restart?" in text


UNKNOWN = "whether the device has the new code is not known"


def test_lost_answer_of_a_module_that_was_stored(built: Project, device: FakeDevice) -> None:
    device.loses_answer = True
    text = reload(built, device.url)
    assert "closed the connection without an answer" in text
    assert "But it has the module, as it says itself." in text
    assert last_line(text).startswith("Reloaded whole ") and len(device.uploads) == 1


def test_lost_answer_of_a_device_that_stays_away(built: Project, device: FakeDevice) -> None:
    device.loses_answer = device.goes_after_upload = True
    text = fail(built, device.url)
    assert "It does not say either whether it has the module" in text
    assert last_line(text).startswith("Not reloaded: upload failed")
    assert last_line(text).endswith(UNKNOWN)


@pytest.mark.parametrize(
    "status, reason, left",
    [
        ({"newest": {"sequence": 7, "sha256": "00" * 32}}, "does not have the module", KEPT),
        ({"newest": None}, "does not have the module", KEPT),
        ({"sequence": 0, "rollback": "module 1 crashed"}, "not run it: module 1 crashed",
         "the device has restarted, and went back to other code"),
        ({"sequence": 0, "last_error": "no memory"}, "not run it: no memory", KEPT),
        ({"sequence": 0, "pending": True}, "But it has the module", ""),
    ],
)
def test_lost_answer_and_what_the_device_says(
    built: Project, device: FakeDevice, status: Dict[str, Any], reason: str, left: str
) -> None:
    device.loses_answer = True
    device.more.update(status)
    result = built.run("reload", "--build", str(built.build), "--url", device.url)
    assert reason in result.stdout and last_line(result.stdout).endswith(left)
    assert result.returncode == (1 if left else 0)


def test_lost_answer_of_an_older_firmware(
    built: Project, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.loses_answer = True
    status = {k: v for k, v in device.status().items() if k != "newest"}
    monkeypatch.setattr(device, "status", lambda: status)
    text = fail(built, device.url)
    assert "too old to say whether it has the module" in text and last_line(text).endswith(UNKNOWN)


def test_nobody_listens(built: Project) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        text = fail(built, url)
    assert f"nothing listens at {url}, port {url.rpartition(':')[2]}: " in text
    assert "8080 by default" in text and "It is a whole module" not in text


def test_unknown_host(built: Project) -> None:
    assert re.search("host .* unknown", fail(built, "http://no-host.invalid:8080"))


def test_silent_device(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import hotreload.device.http_device
    from hotreload.device.http_device import DeviceError, HttpDevice

    monkeypatch.setattr(hotreload.device.http_device, "_TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        device = HttpDevice(f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(DeviceError, match="stopped answering"):
            device.status()


def test_progress_of_the_upload(device: FakeDevice) -> None:
    from hotreload.device.http_device import HttpDevice

    seen: List[Any] = []
    module = os.urandom(10000)
    HttpDevice(device.url).upload(module, device.secret, lambda *numbers: seen.append(numbers))
    assert seen == [(4096, 10000), (8192, 10000), (10000, 10000)] and device.uploads == [module]


# ---- --wait ----


def test_wait_until_reloaded(built: Project, device: FakeDevice) -> None:
    device.polls_until_reloaded = 3
    text = reload(built, device.url, "--wait", "30")
    polls = ["GET /pending"] * 4 + ["GET /status"]
    assert device.requests == ["GET /status", "GET /nonce", "POST /upload", *polls]
    assert re.search(r"upload \d+\.\d\d, wait \d+\.\d\d\)$", last_line(text))


def test_wait_for_a_reload_that_fails(built: Project, device: FakeDevice) -> None:
    device.last_error = "no text memory for the module"
    text = fail(built, device.url, "--wait", "30")
    assert "the device has the module, but reports: no text memory" in text
    assert last_line(text).startswith("Not reloaded: wait failed")


def test_wait_too_long(built: Project, device: FakeDevice) -> None:
    device.polls_until_reloaded = 1000000
    text = fail(built, device.url, "--wait", "0.1")
    assert "has not reloaded it within 0.1 s" in text and "hotreload_update_available()" in text
    assert last_line(text).endswith("the device has the new code, and waits for the application")
    device.last_error = "task blink is inside the module"
    text = fail(built, device.url, "--wait", "0.1")
    assert "has not reloaded it within 0.1 s: task blink is inside the module" in text
    assert "\nIt is a whole module (the device does not say what it runs)" in text


def test_a_task_in_the_way_is_named_without_waiting_for_it(
    built: Project, device: FakeDevice
) -> None:
    device.polls_until_reloaded = 1000000
    device.last_error = "task blink is inside the module"
    text = reload(built, device.url)
    assert "\nReloaded whole (" in text
    assert last_line(text).endswith("the code it had, for now: task blink is inside the module")


def test_wait_for_a_device_that_is_gone(built: Project, device: FakeDevice) -> None:
    device.goes_after_upload = True
    text = fail(built, device.url, "--wait", "30")
    assert "the device has the module, but then: " in text
    assert last_line(text).endswith("whether the device runs the new code is not known")


# ---- on a terminal ----


def test_progress_bar_on_a_terminal(built: Project, device: FakeDevice) -> None:
    text = run_on_terminal(built, "reload", "--build", str(built.build), "--url", device.url)
    module = (built.out / "module.bin").read_bytes()
    assert f"\rUploading [{'#' * 30}] {len(module)}/{len(module)} bytes\r\x1b[K" in text
    assert "\x1b[32mReloaded whole " in text


def run_on_terminal(project: Project, *arguments: str) -> str:
    """Runs a command with a pseudo-terminal for its output."""
    import pty
    import subprocess
    import sys

    from project import TOOLS

    master, slave = pty.openpty()
    chunks: List[bytes] = []

    def read() -> None:
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:  # What Linux reports when the other side is closed.
                return
            if not chunk:
                return
            chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    environment = {**os.environ, "PYTHONPATH": TOOLS, "TERM": "xterm"}
    command = [sys.executable, "-m", "hotreload", *arguments]
    result = subprocess.run(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    reader.join()
    os.close(master)
    assert result.returncode == 0
    return b"".join(chunks).decode()

"""`reload` and `watch`: a patch where it can be one, and the whole module otherwise, with the reason.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict

import pytest
from click.testing import CliRunner

from fake_device import FakeDevice
from hotreload.cli import main
from hotreload.commands.decode import Decoder
from hotreload.commands.monitor import Log
from hotreload.commands.placed import Placements
from hotreload.description import load_description
from project import Project
from test_discovery import identity
from test_reload import last_line
from test_watch import start

NOT_TAKEN = "Reloaded whole (the device does not take the patch): "

TEXT, DATA, PATCH = 0x40380000, 0x3FC90000, 0x40390000


def patch_of(size: int) -> Dict[str, Any]:
    """What a device says of a patch with so many bytes of text."""
    text, data = {"address": hex(PATCH), "size": size}, {"address": "0x00000000", "size": 0}
    return {"sequence": 2, "functions": 1, "text": text, "data": data}


def reload(project: Project, device: FakeDevice, *more: str) -> str:
    place = ["--build", str(project.build), "--url", device.url]
    return last_line(project.tool("reload", *place, *more))


def change(project: Project, number: int = 2) -> None:
    project.write("a.c", f"int f(void) {{ return {number}; }}\n")


@pytest.fixture
def running(built: Project, device: FakeDevice) -> Project:
    """A project whose module the device runs."""
    device.run((built.out / "module.bin").read_bytes())
    return built


def test_changed_function_is_a_patch(running: Project, device: FakeDevice) -> None:
    whole = (running.out / "module.bin").read_bytes()
    change(running)
    line = reload(running, device)
    (patch,) = device.uploads
    expected = rf"Patched: 1 function, {len(patch)} bytes to {re.escape(device.url)} in "
    assert re.match(expected, line), line
    assert bytes.fromhex(device.more["base"]["sha256"]) in patch
    assert (running.out / "module.bin").read_bytes() == whole, "the base stays what it was"


def test_each_patch_is_made_against_the_base(running: Project, device: FakeDevice) -> None:
    for number in (2, 3):
        change(running, number)
        assert reload(running, device).startswith("Patched: 1 function,")
    assert len(device.uploads) == 2 and device.uploads[0] != device.uploads[1]


def test_nothing_is_sent_without_a_change(running: Project, device: FakeDevice) -> None:
    device.firmware = identity(running)
    running.write("a.c", "\n\nint f(void) { return 1; }\n")
    assert reload(running, device).startswith("No change: ") and device.uploads == []


def test_a_patch_that_runs_is_not_sent_again(running: Project, device: FakeDevice) -> None:
    device.firmware = identity(running)
    change(running)
    assert reload(running, device).startswith("Patched: ")
    device.more["patch"] = patch_of(4)
    assert reload(running, device).startswith("No change: ")
    device.more["pending"] = True
    assert reload(running, device).startswith("Patched: "), "something else would replace it"
    assert reload(running, device, "--whole").startswith("Reloaded whole ")


def test_whole_module_with_the_same_bytes_is_not_sent(
    running: Project, device: FakeDevice
) -> None:
    """A patch cannot know what another type means for the variable; here it means nothing."""
    device.firmware = identity(running)
    source = "static {0} n; int f(void) {{ return (int)n++; }}\n"
    running.write("a.c", source.format("int"))
    device.run(reload_whole(running, device))
    running.write("a.c", source.format("unsigned"))
    assert reload(running, device).startswith("No change: ")
    assert len(device.uploads) == 1


def test_the_base_that_runs_is_remembered(running: Project, device: FakeDevice) -> None:
    """The device goes on with it, because a task is inside, or because nobody flashes the others."""
    change(running)
    assert reload(running, device).startswith("Patched: ")
    for number in range(10, 15):
        change(running, number)
        if number % 2 == 0:
            reload(running, device, "--whole")
        else:
            running.link()
    change(running, 20)
    assert reload(running, device).startswith("Patched: ")
    assert len(list((running.out / "base").iterdir())) == 4, "this one, and those built last"


def test_firmware_that_was_not_flashed(running: Project, device: FakeDevice) -> None:
    """It is sent for the device to refuse: the same module, but of another firmware."""
    reload(running, device)
    assert len(device.uploads) == 1


def test_patch_is_undone(running: Project, device: FakeDevice) -> None:
    device.more["patch"] = patch_of(4)
    running.write("a.c", "\n\nint f(void) { return 1; }\n")
    assert reload(running, device).startswith("Patched: 0 functions,")


def test_whole_by_option(running: Project, device: FakeDevice) -> None:
    change(running)
    assert reload(running, device, "--whole").startswith("Reloaded whole (--whole): ")
    assert device.uploads == [(running.out / "module.bin").read_bytes()]


def test_device_with_another_module(built: Project, device: FakeDevice) -> None:
    device.run(b"another")
    change(built)
    assert "(the device runs a module that was not built here)" in reload(built, device)
    device.run(device.uploads[0])
    change(built, 3)
    assert reload(built, device).startswith("Patched: ")


@pytest.mark.parametrize("status", [409, 422])
def test_device_that_does_not_take_the_patch(
    running: Project, device: FakeDevice, status: int
) -> None:
    device.refuse_patch = (status, {"status": "error", "error": "a patch of another base"})
    change(running)
    assert "(the device does not take the patch)" in reload(running, device)
    assert device.uploads == [(running.out / "module.bin").read_bytes()]


def test_patch_that_cannot_be_placed(running: Project, device: FakeDevice) -> None:
    """The device takes it, and finds out when the application reloads."""
    device.cannot_place = "the patch's memory is too far from its base: send a whole module"
    change(running)
    assert reload(running, device).startswith("Patched: ")
    assert reload(running, device).startswith(NOT_TAKEN), "the next reload knows it"
    assert reload(running, device).startswith("Patched: "), "the memory may be free now"
    assert reload(running, device, "--wait", "60").startswith(NOT_TAKEN)
    assert "wait" in reload(running, device, "--wait", "60")


def test_watch_replaces_a_patch_that_cannot_be_placed(running: Project, device: FakeDevice) -> None:
    device.cannot_place = "the patch's memory is too far from its base: send a whole module"
    device.firmware = identity(running)
    device.more["sequence"] = 0  # It goes on with what it has.
    with start(running, device.url) as watch:
        change(running)
        watch.wait_for("Patched: 1 function")
        watch.wait_for("The device goes on with the code it had: the patch's memory is too far")
        watch.wait_for(NOT_TAKEN)
    assert device.uploads[-1] == (running.out / "module.bin").read_bytes()


def test_reason_for_the_whole_module(running: Project, device: FakeDevice) -> None:
    running.write("a.c", "static int n; int f(void) { return n++; }\n")
    assert reload(running, device).startswith("Patched: ")
    device.run(reload_whole(running, device))
    running.write("a.c", "static long long n; int f(void) { return (int)n++; }\n")
    assert "Reloaded whole (n has another layout): " in reload(running, device)


LARGE = "int f(void) {{ volatile int x = 1; {0} return x; }}\n".format(
    " ".join(f"x = x * {i * 77 + 5} + (x >> {i % 5 + 1});" for i in range(600))
)


def test_a_large_patch_where_a_task_keeps_the_whole_module_out(
    running: Project, device: FakeDevice
) -> None:
    running.write("a.c", LARGE)
    assert reload(running, device).startswith("Reloaded whole (the patch would have ")
    device.more["pending"] = True
    device.last_error = "a reason that a patch does not help against"
    place = ["--build", str(running.build), "--url", device.url]
    assert "\nReloaded whole (the patch would have " in running.tool("reload", *place)
    device.last_error = "task blink is inside the module, at 0x4038: reload when it has left"
    assert reload(running, device).startswith("Patched: 1 function, ")
    whole, patch = device.uploads[-2:]
    assert whole == (running.out / "module.bin").read_bytes() and len(patch) > 4096
    assert bytes.fromhex(device.more["base"]["sha256"]) in patch
    device.more.update(pending=False, patch=patch_of(7000))
    running.write("a.c", LARGE.replace("x = 1", "x = 2"))
    assert reload(running, device).startswith("Patched: "), "at once"
    assert len(device.uploads[-1]) > 4096 and device.uploads[-1] != patch
    device.more["patch"] = patch_of(3000)
    assert reload(running, device).startswith("Reloaded whole ")


def test_a_device_without_room_for_the_whole_module(running: Project, device: FakeDevice) -> None:
    """It gets the patch, however large; without one, the tool says why it must be whole."""
    device.refuse_whole = (413, {"status": "error", "error": "longer than max_upload_size"})
    running.write("a.c", LARGE)
    assert reload(running, device).startswith("Patched: 1 function, ")
    place = ["--build", str(running.build), "--url", device.url]
    text = running.fail("reload", *place, "--whole")
    assert "It is a whole module (--whole)\nhotreload: " in text
    assert "answers 413 " in text and last_line(text).startswith("Not reloaded: upload failed")


def reload_whole(project: Project, device: FakeDevice) -> bytes:
    reload(project, device, "--whole")
    return device.uploads[-1]


def test_note_about_an_initial_value(running: Project, device: FakeDevice) -> None:
    running.write("a.c", "static int n = 4; int f(void) { return n++; }\n")
    device.run(reload_whole(running, device))
    running.write("a.c", "static int n = 5; int f(void) { return n++ + 1; }\n")
    text = running.tool("reload", "--build", str(running.build), "--url", device.url)
    assert "n has another initial value; it keeps what it holds; --whole, or the key w" in text
    assert last_line(text).startswith("Patched: ")


def test_note_about_the_initial_value_of_a_kept_variable(
    running: Project, device: FakeDevice
) -> None:
    kept = 'static int n __attribute__((section(".data.hotreload_keep"))) = {};'
    running.write("a.c", kept.format(4) + " int f(void) { return n++; }\n")
    device.run(reload_whole(running, device))
    running.write("a.c", kept.format(5) + " int f(void) { return n++ + 1; }\n")
    text = running.tool("reload", "--build", str(running.build), "--url", device.url)
    assert "n has another initial value; it keeps what it holds; a restart starts it anew" in text


@pytest.fixture
def patched(running: Project, device: FakeDevice) -> Project:
    """The device runs a patch as well."""
    running.write("a.c", "\n\nint f(void)\n{\n    return 2;\n}\n")
    assert reload(running, device).startswith("Patched: ")
    device.more["patch"] = patch_of(4)
    device.more["text"] = {"address": hex(TEXT), "size": 4}
    device.more["data"] = {"address": hex(DATA), "size": 0}
    return running


def test_status_shows_the_patch(patched: Project, device: FakeDevice) -> None:
    text = patched.tool("status", "--build", str(patched.build), "--url", device.url)
    assert re.search(r"patch +sequence 2 of base 1, 1 function replaced", text)
    assert re.search(rf"patch's text +4 bytes at {PATCH:#x}", text)


def test_addresses_in_a_patch(patched: Project, device: FakeDevice) -> None:
    def decode(log: str, *more: str) -> str:
        arguments = ["decode", "--build", str(patched.build), *more]
        result = CliRunner(env={"HOTRELOAD_URL": None}).invoke(main, arguments, input=log)
        assert result.exit_code == 0, result.output
        return result.output

    line = f"MEPC    : 0x{PATCH:08x}\n"
    assert "f at " in decode(line, "--url", device.url)
    loaded = f"module loaded: 4 bytes of text at {TEXT:#x}, 0 bytes of data at 0x0\n"
    now = f"patched: 1 functions, 4 bytes of text at {PATCH:#x}, 0 bytes of data at 0x0\n"
    assert re.search(r"f at .*a\.c:[456]", decode(loaded + now + line))
    crash = f"PC 0x{PATCH:08x}: offset 0x0 of the code of patch 2\n"
    assert "f at " in decode(crash)
    assert "f at " in decode(now + line), "the log begins after the module was loaded"
    moved = now.replace(f"{PATCH:#x}", f"{PATCH + 0x100:#x}")
    assert "in code that a reload has freed" in decode(now + moved + line)
    assert "in code that a reload has freed" in decode(now + loaded + line)


def test_gdb_has_the_patch_as_well(patched: Project, device: FakeDevice) -> None:
    place = ["--build", str(patched.build), "--url", device.url]
    text = patched.tool("gdb", *place, "--gdb", "any-gdb")
    assert f'patch.elf" {PATCH:#x}' in text and f'module.elf" {TEXT:#x}' in text


@pytest.mark.parametrize("line", [
    f"patched: 1 functions, 4 bytes of text at {PATCH:#x}, 0 bytes of data at 0x0",
    f"PC 0x{PATCH:08x}: offset 0x0 of the code of patch 2",
])
def test_gdb_of_the_monitor_has_the_patch(patched: Project, tmp_path: Path, line: str) -> None:
    """Also if the monitor came after the module was loaded, or the crash before the patch's line."""
    symbols = tmp_path / "symbols"
    log = Log(Decoder(load_description(str(patched.build)), Placements()), str(symbols))
    log.explain(line)
    assert f'patch.elf" {PATCH:#x}' in symbols.read_text()
    log.explain(f"module loaded: 4 bytes of text at {TEXT:#x}, 0 bytes of data at 0x0")
    assert "patch.elf" not in symbols.read_text()
    assert f'module.elf" {TEXT:#x}' in symbols.read_text()

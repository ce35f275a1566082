"""`status`: a table, or the device's answer.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Dict

from fake_device import FakeDevice
from hotreload.description import load_description
from hotreload.module.firmware_reader import FirmwareReader
from project import Project


def table(text: str) -> Dict[str, str]:
    rows = (line.split("  ", 1) for line in text.splitlines())
    return {name: value.strip() for name, value in rows}


def test_table(built: Project, device: FakeDevice) -> None:
    assert table(built.tool("status", "--url", device.url)) == {
        "device": device.url,
        "firmware": "00112233",
        "module": "loaded, sequence 0",
        "text": "76 bytes at 0x40380000",
        "data": "36 bytes at 0x3fc90000",
        "reloads since boot": "3",
        "update pending": "no",
        "last error": "none",
    }


def identity(project: Project) -> str:
    return FirmwareReader().identity(load_description(str(project.build))).hex()


def test_firmware_and_exports_of_the_build(built: Project, device: FakeDevice) -> None:
    built.write("b.c", "int another(void) { return 2; }\n")
    built.make()
    device.more = {"exports": 2, "free": {"text": 120000, "data": 96000}}
    command = ["status", "--build", str(built.build), "--url", device.url]
    rows = table(built.tool(*command))
    own = identity(built)
    assert rows["firmware"] == (
        f"00112233, not that of this build ({own[:12]}): build 'firmware' again and flash it "
        "(restart the emulated board)"
    )
    assert rows["exports"] == "2", "names are those of another firmware"
    assert rows["free memory"] == "text 120000, data 96000 bytes"
    device.firmware = own
    rows = table(built.tool(*command))
    assert rows["firmware"] == f"{own}, that of this build"
    assert rows["exports"] == "2: another, f"


def test_without_a_build(built: Project, device: FakeDevice) -> None:
    device.more = {"exports": 2}
    (built.build / "firmware.elf").unlink()
    rows = table(built.tool("status", "--build", str(built.build), "--url", device.url))
    assert rows["firmware"] == "00112233" and rows["exports"] == "2"


def test_nothing_loaded_and_an_error(built: Project, device: FakeDevice) -> None:
    device.loaded = False
    device.polls_until_reloaded = 1
    device.last_error = "the module lacks f()"
    rows = table(built.tool("status", "--url", device.url))
    assert rows["module"] == "none loaded" and "text" not in rows
    assert rows["update pending"] == "yes, waits for the application"
    assert rows["last error"] == "the module lacks f()"


def test_module_in_ram_only(built: Project, device: FakeDevice) -> None:
    device.trial = True
    device.more = {"stored": False}
    rows = table(built.tool("status", "--url", device.url))
    assert rows["module"] == "loaded, sequence 0, on trial, not stored: lost at a restart"


def test_trial_and_rollback(built: Project, device: FakeDevice) -> None:
    device.trial = True
    device.rollback = "module 5 crashed on trial, module 3 runs"
    rows = table(built.tool("status", "--url", device.url))
    assert rows["module"] == "loaded, sequence 0, on trial"
    assert rows["rolled back"] == device.rollback


def test_json(built: Project, device: FakeDevice) -> None:
    text = built.tool("status", "--json", "--url", device.url)
    assert json.loads(text) == device.status()


def test_url_of_the_build(built: Project, device: FakeDevice) -> None:
    built.describe(url=device.url)
    assert device.url in built.tool("status", "--build", str(built.build))


def test_failures(built: Project, device: FakeDevice) -> None:
    assert "nothing listens" in built.fail("status", "--url", "http://127.0.0.1:1")
    device.refuse = (500, {"status": "error", "error": "out of memory"})
    text = built.fail("status", "--url", device.url)
    assert "answers 500 Internal Server Error: out of memory" in text

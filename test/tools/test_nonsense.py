"""A device that answers what no hotreload server says: a message names it, and nothing breaks.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_device import FakeDevice
from hotreload.device.http_device import HttpDevice
from hotreload.device.protocol import AnswerLost, DeviceError
from project import Project
from test_reload import last_line
from test_watch import start

NONSENSE = [
    ("base", "x"),
    ("base", {"sha256": 7, "sequence": 1}),
    ("base", {"sha256": "../../../etc", "sequence": 1}),
    ("patch", 5),
    ("patch", {"sequence": 1}),
    ("newest", {"sha256": "00" * 32}),
    ("newest", [1]),
    ("sequence", None),
    ("sequence", "7"),
    ("sequence", True),
    ("free", 5),
    ("text", None),
    ("data", {"address": "here", "size": 4}),
    ("exports", {}),
    ("last_error", 5),
    ("firmware", None),
]


@pytest.mark.parametrize("name, value", NONSENSE)
def test_status(device: FakeDevice, name: str, value: Any) -> None:
    device.more = {name: value}
    with pytest.raises(DeviceError, match="no hotreload server says") as error:
        HttpDevice(device.url).status()
    assert f'"{name}": {json.dumps(value)}' in str(error.value)


@pytest.mark.parametrize("command", ["status", "gdb"])
@pytest.mark.parametrize("name, value", [("patch", 7), ("text", None), ("free", 5)])
def test_commands(
    built: Project, device: FakeDevice, command: str, name: str, value: Any
) -> None:
    device.more = {name: value}
    text = built.fail(command, "--build", str(built.build), "--url", device.url)
    assert f'answers "{name}": {json.dumps(value)}, which' in text


@pytest.mark.parametrize("name, value", [("base", "x"), ("base", {"sha256": 7}), ("patch", 5)])
def test_reload(built: Project, device: FakeDevice, name: str, value: Any) -> None:
    """It may take the module all the same."""
    device.run((built.out / "module.bin").read_bytes())
    device.more[name] = value
    text = built.tool("reload", "--build", str(built.build), "--url", device.url)
    assert "no hotreload server says" in text and "Traceback" not in text
    assert last_line(text).startswith("Reloaded whole (the device does not say what it runs)")
    text = built.fail("reload", "--build", str(built.build), "--url", device.url, "--wait", "30")
    assert "whether the device runs the new code is not known" in last_line(text)


def test_watch(built: Project, device: FakeDevice) -> None:
    device.more["newest"] = 5
    with start(built, device.url) as watch:
        assert any("no hotreload server says" in line for line in watch.lines)
        assert not any("Traceback" in line for line in watch.lines)


@pytest.mark.parametrize("sequence", [None, "abc", 1.5])
def test_answer_to_the_upload(built: Project, device: FakeDevice, sequence: Any) -> None:
    """The status tells more."""
    device.more_of_upload = {"sequence": sequence}
    text = built.tool("reload", "--build", str(built.build), "--url", device.url)
    assert f"with a sequence that is no number: {json.dumps(sequence)}" in text
    assert "But it has the module, as it says itself." in text
    with pytest.raises(AnswerLost):
        HttpDevice(device.url).upload(b"module", device.secret, lambda sent, total: None)


def test_no_end_of_brackets(device: FakeDevice) -> None:
    body = b"[" * 100000
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
    device.raw_answer = head.encode() + body
    with pytest.raises(DeviceError, match="answers 200 OK"):
        HttpDevice(device.url).status()

"""URLs of devices: what is understood, and what is refused with which reason.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Dict

import pytest

from fake_device import FakeDevice
from hotreload.device.url import parse_url
from hotreload.errors import ToolError
from project import Project


@pytest.mark.parametrize(
    "text, host, port, path",
    [
        ("http://192.168.1.100:8080", "192.168.1.100", 8080, ""),
        ("192.168.1.100:8080/", "192.168.1.100", 8080, ""),
        ("board.local", "board.local", 80, ""),
        ("HTTP://Board.local.", "board.local.", 80, ""),
        (" http://board:80 \n", "board", 80, ""),
        ("http://board/behind/a/proxy/", "board", 80, "/behind/a/proxy"),
        ("http://board/ger\u00e4t/%7e", "board", 80, "/ger%C3%A4t/%7e"),
        ("http://board/\udce4", "board", 80, "/%E4"),
        ("http://ger\u00e4t.local", "xn--gert-noa.local", 80, ""),
        ("http://[::1]:8080", "::1", 8080, ""),
        ("http://[fe80::1%25Eth0]", "fe80::1%Eth0", 80, ""),
        ("http://[fe80::1%eth0]", "fe80::1%eth0", 80, ""),
        ("my_board", "my_board", 80, ""),
    ],
)
def test_good(text: str, host: str, port: int, path: str) -> None:
    assert parse_url(text)[1:] == (host, port, path)


BAD = [
    ("", "there is no host"),
    ("http://", "there is no host"),
    ("http://:80", "there is no host"),
    ("https://board", "speaks http, not https"),
    ("ftp://board", "speaks http, not ftp"),
    ("http://board..local:80", "a part of the host's name is empty"),
    (f"http://{'x' * 64}.local", "a part of the host's name is empty, too long"),
    ("http://board local", "a blank in it"),
    ("http://board: 80", "a blank in it"),
    ("http://board:80 /x", "a blank in it"),
    ("http://board:99999", "Port out of range"),
    ("http://board:-1", "Port"),
    ("http://board:0", "no such port"),
    ("http://board:", "no such port"),
    ("http://board:http", "Port"),
    ("http://::1:8080", "Port"),
    ("http://fe80::1", "Port"),
    ("http://[::1", "Invalid IPv6 URL"),
    ("http://[board]:80", ""),
    ("http://[::1]x:80", ""),
    ("http://user:word@board", "no user"),
    ("http://board?x=1", "nothing may follow"),
    ("http://board/#x", "nothing may follow"),
    ("http://bo$rd", "characters that no name has"),
    ("http://bo%20rd", "characters that no name has"),
    ("http://\u2100board", "invalid characters"),
    ("http://\udce4", "characters that no name has"),
    ("http:/board", ""),
]


@pytest.mark.parametrize("text, reason", BAD)
def test_bad(text: str, reason: str) -> None:
    with pytest.raises(ToolError) as error:
        parse_url(text, "where it comes from")
    message = str(error.value)
    assert message.startswith(f"the URL {text!r} (where it comes from) is malformed: ")
    assert reason in message and message.endswith("; it must be like http://192.168.1.100:8080")


def test_where_a_bad_one_comes_from(built: Project, device: FakeDevice) -> None:
    bad = "http://board..local:80"
    command = ["status", "--build", str(built.build)]
    for text in (built.fail(*command, "--url", bad), built.run(*command, HOTRELOAD_URL=bad).stdout):
        assert f"hotreload: the URL '{bad}' (--url or HOTRELOAD_URL) is malformed: " in text
    built.describe(url=bad)
    assert f"the URL '{bad}' (HOTRELOAD_URL of CMake, in {built.build})" in built.fail(*command)


def test_path_that_is_not_ascii(built: Project, device: FakeDevice) -> None:
    text = built.fail("status", "--build", str(built.build), "--url", f"{device.url}/ger\u00e4t")
    assert "that is not a hotreload server: is the URL right?" in text
    assert device.requests == ["GET /ger%C3%A4t/status"]


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "iso8859-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_terminal_without_the_characters(
    built: Project, device: FakeDevice, environment: Dict[str, str]
) -> None:
    device.rollback = "\u2192 module 3"
    command = ["status", "--build", str(built.build), "--url", device.url]
    process = built.start(*command, **environment)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "Traceback" not in text
    assert re.search(r"rolled back +(\\u2192|\u2192) module 3\n", text)

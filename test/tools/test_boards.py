"""How `watch` looks for boards while the build directory changes.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import queue
from pathlib import Path
from typing import Any, Union

import pytest

from hotreload.commands import boards as module
from hotreload.commands.boards import Boards
from hotreload.commands.update import Options
from hotreload.description import Description, load_description
from hotreload.device.find_device import Where
from hotreload.device.http_device import HttpDevice
from hotreload.errors import NoBoard, ToolError
from hotreload.module.firmware_reader import FirmwareReader
from project import Project
from test_watch import PATIENCE


class FakeSearch:
    """Ends with what the test says."""

    results: "queue.Queue[Union[HttpDevice, ToolError]]"

    def wait(self) -> HttpDevice:
        result = self.results.get(timeout=PATIENCE)
        if isinstance(result, ToolError):
            raise result
        return result


class Searched:
    """The boards of a build, and what they report."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.description = project.out / "hotreload.json"
        self.hidden = project.out / "hidden.json"
        self.events: "queue.Queue[object]" = queue.Queue()
        self.searches = 0
        self.results = FakeSearch.results = queue.Queue()
        monkeypatch.setattr(module, "search_network", self._search)
        monkeypatch.setattr(module, "load_description", self._load)
        monkeypatch.setattr(module, "_EVERY_SECONDS", 0.0)
        options = Options(str(project.build), Where())
        note, note_error = (lambda: self.events.put("board")), self.events.put
        self.boards = Boards(options, FirmwareReader(), note, note_error)

    def _search(self, *_arguments: Any) -> FakeSearch:
        self.searches += 1
        return FakeSearch()

    def _load(self, build: str) -> Description:
        """The build directory is made again after somebody has noticed."""
        try:
            return load_description(build)
        except ToolError:
            os.rename(self.hidden, self.description)
            raise

    def hide(self) -> None:
        os.rename(self.description, self.hidden)


@pytest.fixture
def searched(built: Project, monkeypatch: pytest.MonkeyPatch) -> Searched:
    return Searched(built, monkeypatch)


def test_build_directory_that_is_gone_for_a_moment(
    searched: Searched, capsys: pytest.CaptureFixture[str]
) -> None:
    """While no board is there yet."""
    searched.boards.find_more()
    searched.hide()
    searched.results.put(NoBoard("there is none"))
    searched.results.put(HttpDevice("http://127.0.0.1:1"))
    assert searched.events.get(timeout=PATIENCE) == "board"
    assert searched.searches == 2 and len(searched.boards.all) == 1
    assert capsys.readouterr().err.count("The watch goes on looking") == 1
    searched.boards.find_more()
    assert searched.searches == 3, "the first search has ended"
    searched.results.put(NoBoard("there is no other"))


def test_search_that_cannot_begin(searched: Searched) -> None:
    """The next one can."""
    searched.hide()
    with pytest.raises(ToolError):
        searched.boards.find_more()
    searched.boards.find_more()
    searched.results.put(HttpDevice("http://127.0.0.1:1"))
    assert searched.events.get(timeout=PATIENCE) == "board"


def test_error_that_does_not_pass(searched: Searched) -> None:
    error = ToolError("two boards")
    searched.results.put(error)
    searched.boards.find_more()
    assert searched.events.get(timeout=PATIENCE) is error


def test_firmware_that_is_not_built_yet(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    discovery = pytest.importorskip("hotreload.device.discovery")
    monkeypatch.setattr(discovery, "find_spec", lambda _name: True)
    Path(built.firmware).unlink()
    search = discovery.Search(load_description(str(built.build)), FirmwareReader())
    with pytest.raises(NoBoard, match="firmware"):
        search.wait()

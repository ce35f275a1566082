"""The boards that a watch serves: finds them, and notices when one that was away is back.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Optional, Sequence

import click

from hotreload.commands.outcome import Outcome
from hotreload.commands.update import Options
from hotreload.description import load_description
from hotreload.device.device import Device
from hotreload.device.find_device import find_device_again, known_device, search_network
from hotreload.device.protocol import DeviceError, Unreachable
from hotreload.errors import NoBoard, ToolError
from hotreload.module.firmware_reader import FirmwareReader

if TYPE_CHECKING:
    from hotreload.device.discovery import Search

_EVERY_SECONDS = 1.0


class Board:
    """A board, and what it was sent. `lose` is called when it does not answer `ask`."""

    def __init__(self, device: Device, lose: Callable[[Board], None]) -> None:
        self.device = device
        """Where it is now."""
        self._lose = lose
        self.is_away = False
        self.may_repeat = True
        """Whether an upload that was broken off is sent again without a change."""
        self.sent: Optional[bytes] = None
        self.outcome: Optional[Outcome] = None

    @property
    def url(self) -> str:
        return self.device.url

    def ask(self) -> Optional[Dict[str, Any]]:
        """Its status; None: it does not answer."""
        if self.is_away:
            return None
        try:
            return self.device.status()
        except DeviceError as error:
            if error.status is None:
                self._lose(self)
            return None

    def forget_outcome(self) -> None:
        """What it was sent is replaced."""
        if self.outcome is not None:
            self.outcome.cancel()
            self.outcome = None


class Boards:
    """Calls `note_board` when a board is there, for the first time or again, and `note_error` when
    it can find none for a reason that does not pass. Both from threads of its own."""

    def __init__(
        self,
        options: Options,
        reader: FirmwareReader,
        note_board: Callable[[], None],
        note_error: Callable[[ToolError], None],
    ) -> None:
        self.all: List[Board] = []
        self._options = options
        self._reader = reader
        self.note_board = note_board
        self._note_error = note_error
        self._searching = threading.Lock()
        self._polling = threading.Lock()
        self._noting = threading.Lock()

    @property
    def present(self) -> List[Board]:
        """Those that are not away."""
        return [board for board in self.all if not board.is_away]

    def find(self) -> None:
        """The board that is known, else those that are found on the network, in the background."""
        device = known_device(self._options.where, self._options.build)
        if device is not None:
            self._add(device)
            return
        click.echo("Looking on the network for the board. Changes go to it when it is there.")
        self.find_more()

    def find_more(self) -> None:
        """Looks for boards on the network that are not known yet, unless it does so already."""
        if self._searching.acquire(blocking=False):
            try:
                search = self._search()
            except ToolError:
                self._searching.release()
                raise
            threading.Thread(target=self._finish, args=(search,), daemon=True).start()

    def _search(self) -> Search:
        build, is_all = self._options.build, self._options.where.is_all
        return search_network(load_description(build), self._reader, is_all)

    def _finish(self, search: Search) -> None:
        try:
            found = self._find_any(search)
        finally:
            self._searching.release()
        known = {board.device.name for board in self.all}
        new = [device for device in found if device.name not in known]
        for device in new:
            self._add(device)
        if new:
            self.note_board()

    def _find_any(self, first: Search) -> Sequence[Device]:
        """Searches until there is a board; empty if there are others, or if none can be found."""
        search: Optional[Search] = first
        said = False
        while True:
            try:
                search = search or self._search()
                return search.wait_all() if self._options.where.is_all else [search.wait()]
            except ToolError as error:
                if self.all:
                    return []
                # No search at all: the build directory is emptied, and will be made again.
                if search is not None and not isinstance(error, NoBoard):
                    self._note_error(error)
                    return []
                if not said:
                    said = True
                    click.echo(f"hotreload: {error}\nThe watch goes on looking for it.", err=True)
            time.sleep(_EVERY_SECONDS)
            search = None

    def _add(self, device: Device) -> None:
        board = Board(device, self.note_absence)
        self.all.append(board)
        click.echo(f"Changes go to {device.url}.")
        try:
            device.follow_log(click.echo, lambda: self.note_absence(board))
        except DeviceError as error:
            click.echo(f"hotreload: {error}\nThe watch goes on, and waits for it.", err=True)
            self.note_absence(board)

    def find_again(self, board: Board) -> bool:
        """Whether a board that does not answer is at another address now."""
        moved = find_device_again(board.device, self._options.build)
        if moved is None:
            return False
        board.device = moved
        click.echo(f"The board is at {moved.url} now.")
        return True

    def note_absence(self, board: Board) -> None:
        """Waits in the background for a board that has gone. Called by several threads."""
        with self._noting:
            if board.is_away:
                return
            board.is_away = True
        threading.Thread(target=self._await, args=(board,), daemon=True).start()

    def _await(self, board: Board) -> None:
        while True:
            with self._polling:
                if self._is_back(board):
                    break
            time.sleep(_EVERY_SECONDS)
        board.is_away = False
        self.note_board()

    def _is_back(self, board: Board) -> bool:
        """Any answer will do: if it is no good one, the next reload says so."""
        try:
            board.device.status()
        except Unreachable:
            return self.find_again(board)
        except DeviceError as error:
            return error.status is not None
        return True

    @contextmanager
    def released(self) -> Iterator[None]:
        """Inside, no board is asked anything, and serial ports are free."""
        with self._polling:
            for board in self.all:
                outcome = board.outcome
                board.forget_outcome()
                if outcome is not None:
                    outcome.wait()
            self.close()
            yield

    def close(self) -> None:
        """Closes the connections; serial ports are free then."""
        for board in self.all:
            board.device.close()

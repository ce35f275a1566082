"""Reloads whenever a source file of a reloadable component changes.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Set, Union

import click

from hotreload.commands.boards import Boards
from hotreload.commands.checkout import find_checkout
from hotreload.commands.compile import load_current_description
from hotreload.commands.generated import Generated
from hotreload.commands.keyboard import Keyboard
from hotreload.commands.sources import Sources, linked_directories
from hotreload.commands.status import show_status
from hotreload.commands.update import Memory, Options
from hotreload.commands.updater import Updater
from hotreload.description import Description, load_description
from hotreload.errors import ToolError
from hotreload.interrupt import end_by_interrupt
from hotreload.report import shorten

_CHECKOUT_SECONDS = 10.0  # without a change, after which a lock of git counts as forgotten
_CHECKOUT_PAUSE = 0.051  # seconds between looks at the lock
_LONGEST_WAIT = 1.0  # seconds: Python notices a signal that came just before a wait only after it
_ELSEWHERE = "Watching {} files elsewhere that the module or the firmware is made from"
_KEYS = "r reloads, w reloads the whole module, s shows the status, q or "


class _Key(NamedTuple):
    """A key was pressed."""

    name: str


class _Board(NamedTuple):
    """A board is there, for the first time or again."""


class _Stop(NamedTuple):
    """Nothing is left to do; an error says why."""

    error: Optional[ToolError] = None


# A string is the path of a file that has changed.
_Event = Union[str, _Key, _Board, _Stop]

if TYPE_CHECKING:
    # A simple queue: its put() may interrupt its get(). The handler of SIGINT calls it.
    _Events = queue.SimpleQueue[_Event]


def watch(options: Options, debounce: float) -> None:
    """The command `watch`: runs until SIGINT, or until `q` is pressed."""
    events: _Events = queue.SimpleQueue()
    end_by_interrupt(lambda: events.put(_Stop()))
    watcher = None
    try:
        watcher = _Watch(options, debounce, events)
        with Keyboard(lambda key: events.put(_Key(key))) as keyboard:
            click.echo(f"{_KEYS if keyboard.is_there else ''}Ctrl+C stops.")
            if keyboard.is_unknown:
                click.echo("Single keys do not work here: this Python has no termios, on Windows.")
            watcher.run()
    except KeyboardInterrupt:
        pass
    finally:
        if watcher is not None:
            watcher.boards.close()
    click.echo("\nStopped watching.")


def watch_in_background(options: Options, debounce: float) -> None:
    """Watches in the background until the program ends."""
    watcher = _Watch(options, debounce, queue.SimpleQueue())

    def run() -> None:
        try:
            watcher.run()
        except ToolError as error:
            click.echo(f"hotreload: {error}", err=True)

    threading.Thread(target=run, daemon=True).start()


class _Work(NamedTuple):
    """What there is to do."""

    changed: Sequence[str] = ()
    key: str = ""
    is_due: bool = False
    """A board has come."""


class _Watch:
    def __init__(self, options: Options, debounce: float, events: _Events) -> None:
        description = load_current_description(options.build)
        self._options = options
        self._debounce = debounce
        self._events = events
        self._memory = Memory(description)
        self._memory.inputs.refresh(description)
        self._directories = self._find_directories(description)
        self._sources = Sources(self._directories, description.build_dir, events.put)
        files = self._find_files()
        self._sources.follow(files)
        for directory in self._directories:
            click.echo(f"Watching {directory} ({self._sources.means})")
        inside = tuple(os.path.join(directory, "") for directory in self._directories)
        click.echo(_ELSEWHERE.format(sum(not path.startswith(inside) for path in files)))
        self.boards = Boards(
            options,
            self._memory.reader,
            lambda: events.put(_Board()),
            lambda error: events.put(_Stop(error)),
        )
        self.boards.find()
        self._updater = Updater(options, self._memory, self.boards)
        self._generated = Generated()

    def _find_directories(self, description: Description) -> List[str]:
        directories = description.watch_dirs
        linked = linked_directories(directories, self._memory.inputs.files)
        return list(dict.fromkeys([*directories, *linked]))

    def _find_files(self) -> Set[str]:
        """Those of the firmware as well: a change in one needs a flash, and is told."""
        return self._memory.inputs.files | self._memory.inputs.firmware_files

    def run(self) -> None:
        """Brings the boards up to date, now and after every change. Returns at the key `q`."""
        work = _Work()
        while work.key != "q":
            begun = time.time_ns()
            if work.changed:
                names = dict.fromkeys(os.path.basename(path) for path in work.changed)
                click.echo(f"Changed: {shorten(list(names))}")
            if work.key == "s":
                self._show_status()
            elif work.key in ("", "r", "w"):
                self._updater.reload(work.changed, work.key)
                self._look_again(begun)
            else:
                click.echo(f"{_KEYS}Ctrl+C stops.")
            work = self._wait_since(begun)

    def _show_status(self) -> None:
        for board in self.boards.all:
            try:
                show_status(board.device, self._options.build, False)
            except ToolError as error:
                click.echo(f"hotreload: {error}", err=True)
        if not self.boards.all:
            click.echo("There is no board yet.")

    def _look_again(self, since: int) -> None:
        """A build may have read other files than the one before, in other directories."""
        try:
            description = load_description(self._options.build)
            self._memory.inputs.refresh(description)
        except ToolError:
            return  # The next build says why.
        self._directories = self._find_directories(description)
        self._sources.watch(self._directories)
        self._sources.follow(self._find_files(), since)
        self._memory.save()
        self._memory.inputs.learn_commands()

    def _wait_since(self, begun: int) -> _Work:
        """Waits for something to do other than what the last build has done, which began then."""
        ended = self._memory.built if self._memory.inputs.runs_always else 0
        while True:
            work = self._wait()
            changed = self._generated.drop(work.changed, begun, ended)
            if changed or work.key or work.is_due:
                return work._replace(changed=changed)

    def _wait(self) -> _Work:
        """Waits for something to do; after a change, until no more come for the debounce time."""
        changed: List[str] = []
        is_due = False
        pause = self._debounce
        last = 0.0
        while True:
            try:
                event = self._events.get(timeout=pause if changed or is_due else _LONGEST_WAIT)
            except queue.Empty:
                if not changed and not is_due:
                    continue
                self._sources.look()
                if not self._events.empty():
                    continue
                lock = find_checkout(self._directories) if changed else None
                if lock is None or time.monotonic() > last + _CHECKOUT_SECONDS:
                    return _Work(list(dict.fromkeys(changed)), is_due=is_due)
                if pause != _CHECKOUT_PAUSE:
                    click.echo(f"git is changing files ({lock}): the reload waits for it")
                    pause = _CHECKOUT_PAUSE
                continue
            if isinstance(event, str):
                changed.append(event)
                last = time.monotonic()
            elif isinstance(event, _Board):
                is_due = True
            elif isinstance(event, _Stop):
                raise event.error or KeyboardInterrupt
            elif event.name in "rwq":
                return _Work(list(dict.fromkeys(changed)), event.name)
            elif event.name.strip():
                for path in changed:
                    self._events.put(path)
                return _Work((), event.name)

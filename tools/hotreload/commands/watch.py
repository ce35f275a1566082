"""Reloads whenever a source file of a reloadable component changes.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

import click

from hotreload.commands.outcome import Outcome, has_module, why_not_running
from hotreload.commands.reload import (
    report_failure,
    report_no_change,
    report_success,
    send_update,
)
from hotreload.commands.sources import Sources, linked_directories
from hotreload.commands.update import Memory, Options, Question, Update, make_updates
from hotreload.description import Description, load_description
from hotreload.device.find_device import find_device, find_device_again
from hotreload.device.http_device import Unreachable
from hotreload.device.protocol import DeviceError
from hotreload.errors import ToolError
from hotreload.interrupt import end_by_interrupt
from hotreload.report import Steps


if TYPE_CHECKING:
    # A simple queue: its put() may interrupt its get(). The handler of SIGINT adds None.
    _Changes = queue.SimpleQueue[Optional[str]]


def watch(options: Options, debounce: float) -> None:
    """The command `watch`: runs until SIGINT."""
    changes: _Changes = queue.SimpleQueue()
    end_by_interrupt(lambda: changes.put(None))
    try:
        watcher = _Watch(options, debounce, changes)
        watcher.device.follow_log(click.echo)
        click.echo("Ctrl+C stops.")
        watcher.run()
    except KeyboardInterrupt:
        click.echo("\nStopped watching.")


def watch_in_background(options: Options, debounce: float) -> None:
    """Watches in the background until the program ends."""
    watcher = _Watch(options, debounce, queue.SimpleQueue())
    threading.Thread(target=watcher.run, daemon=True).start()


def _warn(text: str) -> None:
    click.secho(text, fg="red")


class _Watch:
    def __init__(self, options: Options, debounce: float, changes: _Changes) -> None:
        description = load_description(options.build)
        self._options = options
        self._debounce = debounce
        self._changes = changes
        if not description.watch_dirs:
            raise ToolError("there is nothing to watch: no component is RELOADABLE")
        self._memory = Memory(description)
        self._memory.inputs.refresh(description)
        files = self._memory.inputs.files
        directories = description.watch_dirs
        directories = list(dict.fromkeys([*directories, *linked_directories(directories, files)]))
        self._sources = Sources(directories, description.build_dir, self._changes.put)
        self._sources.follow(files)
        self.device = find_device(options.where, options.build)
        self._sent: Optional[bytes] = None
        self._outcome: Optional[Outcome] = None
        for directory in directories:
            click.echo(f"Watching {directory} ({self._sources.means})")
        elsewhere = [f for f in files if not f.startswith(tuple(d + os.sep for d in directories))]
        click.echo(f"Watching {len(elsewhere)} files elsewhere that the module is made from")
        click.echo(f"Changes go to {self.device.url}.")

    def run(self) -> None:
        """Reloads after every change."""
        while True:
            changed = self._wait_for_changes()
            click.echo(f"Changed: {', '.join(os.path.basename(path) for path in changed)}")
            begun = time.time_ns()
            self._reload(changed)
            self._look_again(begun)

    def _look_again(self, since: int) -> None:
        """A build may have read other files than the one before."""
        try:
            self._memory.inputs.refresh(load_description(self._options.build))
        except ToolError:
            return  # The next build says why.
        self._sources.follow(self._memory.inputs.files, since)
        self._memory.save()

    def _wait_for_changes(self) -> Sequence[str]:
        """Waits for a change, then until no more come for the debounce time."""
        changed: List[str] = []
        while True:
            try:
                path = self._changes.get(timeout=self._debounce if changed else None)
            except queue.Empty:
                return list(dict.fromkeys(changed))
            if path is None:
                raise KeyboardInterrupt
            changed.append(path)

    def _send(
        self, description: Description, update: Update, steps: Steps
    ) -> Tuple[Update, int]:
        """Uploads. Looks for a device again that was found on the network and has moved."""
        try:
            return send_update(self.device, description, update, steps, self._options.wait)
        except Unreachable:
            moved = find_device_again(self.device, self._options.build)
            if moved is None:
                raise
            self.device = moved
            click.echo(f"The board is at {moved.url} now.")
            return send_update(self.device, description, update, steps, self._options.wait)

    def _is_there(self, module: bytes) -> bool:
        """Whether the device still has the module that it was sent: it may have rolled back."""
        try:
            status = self.device.status()
        except DeviceError:
            return False  # The upload will say what is wrong.
        if has_module(status, module):
            return True
        why = why_not_running(status)
        _warn(f"The device does not run what it was sent, so that is sent again: {why}")
        return False

    def _reload(self, changed: Sequence[str]) -> None:
        steps = Steps()
        if self._outcome is not None:
            self._outcome.cancel()
        try:
            description = load_description(self._options.build)
            question = Question(self.device)
            update = make_updates(
                description, self._options, steps, self._memory,
                lambda: [question.answer()], changed,
            )[0]  # fmt: skip
            is_sent = update.content == self._sent and self._is_there(update.content)
            if is_sent or not update.is_needed:
                report_no_change(steps)
                return
            update, sequence = self._send(description, update, steps)
        except ToolError as error:
            report_failure(error, steps)
            return
        self._sent = update.content
        report_success(update, self.device.url, steps)
        self._outcome = Outcome(self.device, sequence, _warn)

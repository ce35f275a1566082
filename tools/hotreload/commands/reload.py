"""One reload: compile, link, pack, upload, and on request wait for the application.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

import click

from hotreload.commands.compile import load_current_description
from hotreload.commands.outcome import (
    Unfinished,
    delayed_by,
    is_task_inside,
    late,
    needs_whole,
    resolve_lost_answer,
)
from hotreload.commands.update import Memory, Options, Question, Update, make_updates
from hotreload.description import Description
from hotreload.device.device import Device
from hotreload.device.find_device import known_device, search_network
from hotreload.device.protocol import AnswerLost, DeviceError, Unreachable
from hotreload.errors import FlashNeeded, ToolError
from hotreload.report import Progress, Steps, say

if TYPE_CHECKING:
    from hotreload.device.discovery import Search

_POLL_SECONDS = 0.05
_DELAY_SECONDS = 0.3


_TOO_LARGE = 413
_REFUSES_PATCH = (409, 422)
"""Statuses of a device that runs another base, or that cannot apply the patch."""


def send_update(
    device: Device, description: Description, update: Update, steps: Steps, wait: Optional[float]
) -> Tuple[Update, int]:
    """Uploads, and waits for the application if asked to.

    A device that does not take a patch gets the whole module; one that has no room for the whole
    module, or that a task keeps from loading it, gets the patch, however large. Returns what was
    sent, and its sequence.
    """
    try:
        return _send_and_wait(device, description, update, steps, wait)
    except ToolError as error:
        other = update.whole if update.is_patch else update.patch
        if other is None or not _is_refused(error, update.is_patch):
            if update.why and not isinstance(error, Unreachable):
                click.echo(f"It is a whole module ({update.why})", err=True)
            raise
    return send_update(device, description, other(steps), steps, wait)


def _is_refused(error: ToolError, is_patch: bool) -> bool:
    status = error.status if isinstance(error, DeviceError) else None
    if not is_patch:
        return status == _TOO_LARGE
    return status in _REFUSES_PATCH or needs_whole(error)


def _send_and_wait(
    device: Device, description: Description, update: Update, steps: Steps, wait: Optional[float]
) -> Tuple[Update, int]:
    sequence = send_module(device, description, update.content, steps)
    if update.patch is not None and is_task_inside(_find_delay(device)):
        update = update.patch(steps)
        sequence = send_module(device, description, update.content, steps)
    if wait is not None:
        with steps.step("wait"):
            _wait(device, wait)
    return update, sequence


def send_module(
    device: Device, description: Description, module: bytes, steps: Steps
) -> int:
    """Uploads a module or a patch, and returns its sequence."""
    from hotreload.device.secret import read_secret

    with steps.step("upload"):
        progress = Progress("Uploading")
        try:
            sequence = device.upload(module, read_secret(description.secret), progress.show)
        except AnswerLost as lost:
            progress.clear()
            sequence = resolve_lost_answer(device, module, lost)
            click.echo(f"hotreload: {lost}\nBut it has the module, as it says itself.", err=True)
        finally:
            progress.clear()
    return sequence


def _wait(device: Device, seconds: float) -> None:
    """Waits until the application has reloaded; raises when that failed."""
    deadline = time.monotonic() + seconds
    try:
        while device.pending():
            if time.monotonic() > deadline:
                raise Unfinished(
                    f"the device has the module, but the {late(device.status(), seconds)}",
                    "the device has the new code, and waits for the application",
                )
            time.sleep(_POLL_SECONDS)
        error = device.status().get("last_error")
    except DeviceError as lost:
        raise Unfinished(
            f"the device has the module, but then: {lost}",
            "whether the device runs the new code is not known",
        ) from lost
    if error:
        raise ToolError(f"the device has the module, but reports: {error}")


class _Found:
    """The devices, perhaps looked for while the module is built, and asked for their status."""

    def __init__(
        self, options: Options, description: Description, memory: Memory, steps: Steps
    ) -> None:
        known = known_device(options.where, options.build, description)
        self._is_all, self._steps = options.where.is_all, steps
        self._devices: List[Device] = []
        self._search: Optional[Search] = None
        if known is None:
            self._search = search_network(description, memory.reader, self._is_all)
        else:
            self._devices.append(known)
        self._questions = [Question(device) for device in self._devices]

    def devices(self) -> Sequence[Device]:
        """Waits until they are found."""
        if self._search is not None and not self._devices:
            with self._steps.step("find"):
                search = self._search
                self._devices += search.wait_all() if self._is_all else [search.wait()]
            self._questions = [Question(device) for device in self._devices]
        return self._devices

    def ask(self) -> List[Dict[str, Any]]:
        """Their status."""
        self.devices()
        return [question.answer() for question in self._questions]


def reload_once(options: Options) -> None:
    """The command `reload`: the last line says what happened, with --all the last for each."""
    steps = Steps()
    try:
        description = load_current_description(options.build)
        memory = Memory(description)
        try:
            has_failed = _reload(description, options, memory, steps)
        finally:
            memory.save()
    except ToolError as error:
        report_failure(error, steps)
        raise SystemExit(1) from error
    if has_failed:
        raise SystemExit(1)


def _reload(
    description: Description, options: Options, memory: Memory, steps: Steps
) -> bool:
    """Returns whether a device has failed: the others get what they can."""
    found = _Found(options, description, memory, steps)
    updates = make_updates(description, options, steps, memory, found.ask)
    has_failed = False
    for device, update in zip(found.devices(), updates):
        try:
            _update(device, description, update, options, steps)
        except ToolError as error:
            report_failure(error, steps)
            has_failed = True
    return has_failed


def _update(
    device: Device, description: Description, update: Update, options: Options, steps: Steps
) -> None:
    with closing(device):
        if not update.is_needed:
            report_no_change(steps)
            return
        update, _ = send_update(device, description, update, steps, options.wait)
        report_success(update, device.url, steps)
        if not update.is_patch and options.wait is None:
            _report_delay(device)


def _report_delay(device: Device) -> None:
    """Says what keeps a whole module waiting."""
    why = _find_delay(device)
    if why is not None:
        click.echo(f"note: the device goes on with the code it had, for now: {why}", err=True)


def _find_delay(device: Device) -> Optional[str]:
    """What keeps a whole module waiting; most tasks leave at once."""
    end = time.monotonic() + _DELAY_SECONDS
    why: Optional[str] = None
    with suppress(DeviceError):
        why = delayed_by(device.status())
        while why is not None and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
            why = delayed_by(device.status())
    return why


def report_success(update: Update, url: str, steps: Steps) -> None:
    """The last line after an upload."""
    size = len(update.content)
    mark = "," if update.is_patch else ":"
    say(f"{update.what}{mark} {size} bytes to {url} in {steps.summary()}", "green")


def report_no_change(steps: Steps) -> None:
    """The last line when the device runs the same program."""
    click.echo(f"No change: the device runs this already; {steps.summary()}")


def report_failure(error: ToolError, steps: Steps) -> None:
    """The reason, and a last line."""
    click.echo(f"hotreload: {error}", err=True)
    step = f"{steps.current} failed after {steps.total():.2f} s" if steps.current else "no build"
    if isinstance(error, FlashNeeded):
        step = "the firmware has to be flashed"
    left = "the device goes on with the code it has"
    if isinstance(error, Unfinished):
        left = error.left
    say(f"Not reloaded: {step}; {left}", "red", err=True)

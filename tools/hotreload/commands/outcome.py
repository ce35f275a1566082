"""Follows a module after its upload: `watch` reports when it does not become good.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any, Callable, Dict, Optional, Protocol

from hotreload.device.device import Device
from hotreload.device.protocol import AnswerLost
from hotreload.errors import ToolError

_UNKNOWN = "whether the device has the new code is not known"
_EVERY_SECONDS = 1.0
_SECONDS = 20.0  # to load it, to crash, to restart, and to be in the network again


class Unfinished(ToolError):
    """A failure after which the device may run other code; `left` says what is known about it."""

    def __init__(self, text: str, left: str = _UNKNOWN) -> None:
        super().__init__(text)
        self.left = left


def has_module(status: Dict[str, Any], module: bytes) -> bool:
    """Whether the device runs this module, or will after the reload that it does or waits for."""
    if not _is_newest(status, module):
        return False
    return bool(status.get("pending")) or status.get("sequence") == status["newest"]["sequence"]


def runs(status: Dict[str, Any], module: bytes) -> bool:
    """Whether this module or patch is what the device runs now, and nothing waits to replace it."""
    if status.get("pending"):
        return False
    if status.get("patch") is None:
        return bool((status.get("base") or {}).get("sha256") == hashlib.sha256(module).hexdigest())
    return has_module(status, module)


def why_not_running(status: Dict[str, Any]) -> str:
    """The device's reason for not running the module."""
    return str(status.get("rollback") or status.get("last_error") or "it runs another")


def delayed_by(status: Dict[str, Any]) -> Optional[str]:
    """Why a module that waits for the application has not been loaded yet, if the device says so:
    an upload clears the error of what was before."""
    return status.get("last_error") if status.get("pending") else None


def late(status: Dict[str, Any], seconds: float) -> str:
    """The application has not reloaded it in this time, and why."""
    why = delayed_by(status)
    asks = "does it poll hotreload_update_available() and call hotreload_reload()?"
    return f"application has not reloaded it within {seconds:g} s: {why or asks}"


def needs_whole(reason: object) -> bool:
    """Whether the device says that it cannot take a patch, and that a whole module will do."""
    return "send a whole module" in str(reason)


def is_task_inside(reason: object) -> bool:
    """Whether the device says that a task keeps it from loading a whole module."""
    return "is inside the module" in str(reason)


def _is_newest(status: Dict[str, Any], module: bytes) -> bool:
    newest = status.get("newest") or {}
    return bool(newest.get("sha256") == hashlib.sha256(module).hexdigest())


def resolve_lost_answer(device: Device, module: bytes, lost: AnswerLost) -> int:
    """After an upload without an answer: the module's sequence, if the device has the module.

    Raises if the device does not have it, or does not say.
    """
    try:
        status = device.status()
    except ToolError as error:
        raise Unfinished(
            f"{lost}\nIt does not say either whether it has the module ({error}). Once it answers, "
            "the command status shows what it runs, and another reload does no harm"
        ) from error
    if "newest" not in status:
        raise Unfinished(f"{lost}\nIts firmware is too old to say whether it has the module")
    if has_module(status, module):
        return int(status["newest"]["sequence"])
    if _is_newest(status, module):
        text = f"{lost}\nIt has the module, but does not run it: {why_not_running(status)}"
        if status.get("rollback"):
            raise Unfinished(text, "the device has restarted, and went back to other code")
        raise ToolError(text)
    raise ToolError(f"{lost}\nIt says that it does not have the module") from lost


class Asked(Protocol):
    """A board: it may move meanwhile."""

    @property
    def url(self) -> str:
        """Where it is now."""

    def ask(self) -> Optional[Dict[str, Any]]:
        """Its status; None: it does not answer."""


class Outcome:
    """Asks the device in the background, until the module is good or nothing more is expected."""

    def __init__(
        self,
        board: Asked,
        sequence: int,
        show: Callable[[str], Any],
        seconds: float = _SECONDS,
        every: float = _EVERY_SECONDS,
    ) -> None:
        self._board = board
        self._sequence = sequence
        self._show = show
        self._seconds = seconds
        self._every = every
        self._delays = 0
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stops reporting on this module, because another one replaces it."""
        self._cancelled.set()

    def wait(self) -> None:
        """Waits until there is nothing more to report; for a device that is silent, as long as that
        lasts."""
        self._thread.join()

    def _run(self) -> None:
        deadline = time.monotonic() + self._seconds
        is_silence_told = False
        while not self._cancelled.wait(self._every):
            status = self._board.ask()
            is_over = time.monotonic() > deadline
            if self._cancelled.is_set():
                return
            if status is None:  # Perhaps it is restarting, which may take long.
                if is_over and not is_silence_told:
                    is_silence_told = True
                    silent = f"{self._board.url} has not answered since the upload"
                    self._show(f"{silent}: see the device's log")
                if is_silence_told:  # Once it answers, it has as long again.
                    deadline = time.monotonic() + self._seconds
                continue
            words = self._explain(status, is_over)
            if words:
                self._show(words)
            if words or is_over or self._is_good(status):
                return
            self._tell_delay(status)

    def _tell_delay(self, status: Dict[str, Any]) -> None:
        """Once, if the device says the same twice: most tasks leave at once."""
        why = delayed_by(status)
        self._delays += why is not None
        if self._delays == 2:
            self._delays += 1
            self._show(f"The device goes on with the code it had, for now: {why}")

    def _is_good(self, status: Dict[str, Any]) -> bool:
        return status.get("sequence", 0) >= self._sequence and not status.get("trial")

    def _explain(self, status: Dict[str, Any], is_over: bool) -> Optional[str]:
        """The report; None: nothing, or not yet."""
        if status.get("sequence", 0) >= self._sequence:
            return None
        if status.get("rollback"):
            return f"The device went back to other code: {status['rollback']}"
        if status.get("pending"):
            return f"The {late(status, self._seconds)}" if is_over else None
        if status.get("last_error"):
            return f"The device goes on with the code it had: {status['last_error']}"
        return None

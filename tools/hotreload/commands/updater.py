"""One reload of `watch`: builds once, and brings every board that is there up to date.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import click

from hotreload.commands.boards import Board, Boards
from hotreload.commands.compile import load_current_description
from hotreload.commands.flash import build_and_flash
from hotreload.commands.outcome import Outcome, has_module, needs_whole, why_not_running
from hotreload.commands.reload import (
    report_failure,
    report_no_change,
    report_success,
    send_update,
)
from hotreload.commands.saved import Saved
from hotreload.commands.update import Memory, Options, Question, Update, make_updates
from hotreload.description import Description, load_description
from hotreload.device.protocol import DeviceError, Unreachable
from hotreload.errors import FlashNeeded, ToolError
from hotreload.report import Steps, say

_OTHER_FIRMWARE = 409


class Updater:
    """Sends each board what it lacks. `reload` raises nothing: it reports."""

    def __init__(self, options: Options, memory: Memory, boards: Boards) -> None:
        self._options = options
        self._memory = memory
        self._boards = boards
        self._saved = Saved()
        self._may_flash = options.flash
        """Once for each change: what did not help then would not help again."""

    def reload(self, changed: Sequence[str], key: str) -> None:
        """After these files have changed, or this key was pressed, or a board has come."""
        steps = Steps()
        if not key and self._saved.has(changed) and self._all_run_what_they_were_sent():
            report_no_change(steps)
            return
        self._saved.read(changed)
        is_done = False
        if changed or key:
            self._may_flash = self._options.flash
            for board in self._boards.all:
                board.may_repeat = True
            if self._options.where.is_all:
                self._find_more()
        try:
            description = load_current_description(self._options.build)
            is_done = self._reload(description, changed, key, steps)
        except ToolError as error:
            self._report(error, steps)
        if not is_done:
            self._saved.forget()

    def _all_run_what_they_were_sent(self) -> bool:
        boards = self._boards.all
        return bool(boards) and all(
            board.sent is not None and has_module(_status_of(board), board.sent)
            for board in boards
        )

    def _find_more(self) -> None:
        try:
            self._boards.find_more()
        except ToolError:
            pass  # The build says why.

    def _reload(
        self, description: Description, changed: Sequence[str], key: str, steps: Steps
    ) -> bool:
        """Returns whether every board has got what it lacks."""
        whole, is_asked_for = key == "w", bool(changed or key)
        options = self._options._replace(whole=whole or self._options.whole)
        boards = self._boards.present
        questions = [Question(board.device) for board in boards]
        there: List[Tuple[Board, Dict[str, Any]]] = []

        def ask() -> List[Dict[str, Any]]:
            for board, question in zip(boards, questions):
                answer = self._wait_for_answer(board, question)
                if answer is not None:
                    there.append((board, answer))
            return [answer for _, answer in there]

        updates = make_updates(description, options, steps, self._memory, ask, changed)
        self._saved.check()
        served = 0
        for (board, status), update in zip(there, updates):
            if not is_asked_for and update.is_needed and status.get("rollback"):
                _warn(f"Not sent: {board.device.url} went back to other code, "
                      f"{status['rollback']}. The next change or r sends it")  # fmt: skip
                continue
            try:
                self._update(board, description, update, whole, steps)
                served += 1
            except ToolError as error:
                self._report(error, steps)
                if board.may_repeat and _is_lost(error):
                    board.may_repeat = False
                    self._boards.note_absence(board)
        for board in self._boards.all:
            if board.is_away:
                click.echo(f"Not sent: {board.device.url} gets it when it answers")
        if not self._boards.all:
            click.echo("Not sent: no board has been found yet")
        return served == len(self._boards.all)

    def _wait_for_answer(self, board: Board, question: Question) -> Optional[Dict[str, Any]]:
        """The board's status, wherever it may be; None: it is away."""
        silence = question.silence()
        if isinstance(silence, Unreachable) and self._boards.find_again(board):
            question = Question(board.device)
            silence = question.silence()
        if silence is None:
            return question.answer()
        click.echo(f"hotreload: {silence}", err=True)
        self._boards.note_absence(board)
        return None

    def _update(
        self, board: Board, description: Description, update: Update, whole: bool, steps: Steps
    ) -> None:
        is_sent = not whole and update.content == board.sent and _is_there(board)
        if is_sent or not update.is_needed:
            if not is_sent:
                board.sent = None  # It has this without being sent anything.
            report_no_change(steps)
            return
        board.forget_outcome()
        update, sequence = self._send(board, description, update, steps)
        board.sent = update.content
        report_success(update, board.device.url, steps)
        board.outcome = Outcome(board, sequence, self._show_outcome)

    def _show_outcome(self, words: str) -> None:
        """In a thread of its own."""
        _warn(words)
        if needs_whole(words):
            self._boards.note_board()

    def _send(
        self, board: Board, description: Description, update: Update, steps: Steps
    ) -> Tuple[Update, int]:
        """Uploads. Looks for a device again that was found on the network and has moved."""
        wait = self._options.wait
        try:
            return send_update(board.device, description, update, steps, wait)
        except Unreachable:
            if not self._boards.find_again(board):
                raise
            return send_update(board.device, description, update, steps, wait)

    def _report(self, error: ToolError, steps: Steps) -> None:
        """Flashes instead, if that is what it takes and what was asked for."""
        is_other = isinstance(error, DeviceError) and error.status == _OTHER_FIRMWARE
        if self._may_flash and (is_other or isinstance(error, FlashNeeded)):
            self._may_flash = False
            click.echo(f"hotreload: {error}", err=True)
            self._flash()
        else:
            report_failure(error, steps)

    def _flash(self) -> None:
        click.echo("Building and flashing the firmware")
        steps = Steps()
        try:
            with self._boards.released(), steps.step("flash"):
                port = self._options.where.port
                build_and_flash(load_description(self._options.build), port)
        except ToolError as error:
            report_failure(error, steps)
            return
        say(f"Flashed in {steps.summary()}", "green")
        for board in self._boards.all:
            self._boards.note_absence(board)


def _is_there(board: Board) -> bool:
    """Whether the device still has the module that it was sent: it may have rolled back."""
    assert board.sent is not None
    status = _status_of(board)
    if not status:
        return False  # The upload will say what is wrong.
    if has_module(status, board.sent):
        return True
    why = why_not_running(status)
    _warn(f"The device does not run what it was sent, so that is sent again: {why}")
    return False


def _status_of(board: Board) -> Dict[str, Any]:
    """Empty if the board does not tell."""
    try:
        return board.device.status()
    except DeviceError:
        return {}


def _is_lost(error: ToolError) -> bool:
    """Whether the device broke off, as it does when it restarts."""
    cause = error if isinstance(error, DeviceError) else error.__cause__
    return isinstance(cause, DeviceError) and cause.status is None


def _warn(text: str) -> None:
    say(text, "red")

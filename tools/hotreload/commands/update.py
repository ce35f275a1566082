"""What is sent: a patch of the module that the device runs, or a whole module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Collection,
    Dict,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

import click

from hotreload.checks.inputs import InputFiles
from hotreload.commands.compile import compile_module
from hotreload.commands.outcome import needs_whole, runs
from hotreload.description import Description
from hotreload.device.device import Device
from hotreload.device.find_device import Where
from hotreload.device.protocol import OK, DeviceError
from hotreload.lock import build_lock
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.report import Steps

if TYPE_CHECKING:
    from hotreload.builder import ModuleBuilder
    from hotreload.module.link import ModuleInputs
    from hotreload.patch.make import Patch


# What of a device's status decides what it is sent.
_DECIDING = ("base", "patch", "pending", "loaded", "firmware")
_NOT_TAKEN = "the device does not take the patch"


class Options(NamedTuple):
    """What the command line asks for."""

    build: str
    where: Where
    skip_build: bool = False
    wait: Optional[float] = None
    verbose: bool = False
    whole: bool = False
    flash: bool = False
    """Flash a firmware that has changed."""


class Update(NamedTuple):
    """What is sent."""

    content: bytes
    what: str
    """How the last line begins."""
    why: str = ""
    """Why it is a whole module."""
    whole: Optional[Callable[[Steps], "Update"]] = None
    """Makes the whole module instead of this patch."""
    patch: Optional[Callable[[Steps], "Update"]] = None
    """Makes the patch instead of this whole module, which was only thought to cost less."""
    changes_nothing: bool = False
    """It is a patch of a base that is the same program."""
    is_needed: bool = True
    """False: the device runs this program already."""

    @property
    def is_patch(self) -> bool:
        """Whether it is a patch, which a whole module can replace."""
        return self.whole is not None


class Memory:
    """What is known of a build from one reload to the next."""

    def __init__(self, description: Description) -> None:
        self.reader = FirmwareReader()
        self.inputs = InputFiles(description)
        self.builder: Optional[ModuleBuilder] = None
        self.built = 0
        """When objects were compiled last, in ns."""

    def get_builder(self) -> ModuleBuilder:
        """The builder; made when it is needed first, because that imports much."""
        if self.builder is None:
            from hotreload.builder import ModuleBuilder
            from hotreload.checks.abi_guard import AbiGuard

            self.builder = ModuleBuilder(self.reader, AbiGuard().check)
        return self.builder

    def prepare(self, description: Description) -> None:
        """Reads what can be read while the compiler runs."""
        self.get_builder().prepare(description)

    def save(self) -> None:
        """Keeps some of it for the next command. After the upload, which need not wait for it."""
        if self.builder is not None:
            self.builder.save()
        self.inputs.save()


class Question:
    """Asks a device what an update needs to know while the sources are compiled."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._status: Dict[str, Any] = {}
        self._error: Optional[DeviceError] = None
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._status = self._device.status()
        except DeviceError as error:
            self._error = error  # If it refuses, the upload will say why.
            return
        with suppress(DeviceError):
            self._device.prepare_upload()

    def answer(self) -> Dict[str, Any]:
        """Waits for the status; empty if the device does not tell."""
        self._thread.join()
        if self._error is not None and self._error.status == OK:
            click.echo(f"note: {self._error}", err=True)  # It may take the upload all the same.
        return self._status

    def silence(self) -> Optional[DeviceError]:
        """Waits; why there is no answer at all, not even one that refuses."""
        self._thread.join()
        return self._error if self._error is not None and self._error.status is None else None


def make_updates(
    description: Description,
    options: Options,
    steps: Steps,
    memory: Memory,
    ask: Callable[[], Sequence[Dict[str, Any]]],
    changed: Collection[str] = (),
) -> List[Update]:
    """Compiles what changed, and makes the patch or the module for each device.

    `ask` returns the devices' statuses, `changed` are files that have changed, whatever their time
    stamps say.
    """
    if options.skip_build:
        from hotreload.files import read_bytes

        count = len(ask())  # A device takes one request at a time, and the question has begun.
        module = read_bytes(description.module, "the packed module")
        return [_whole_update(module, "as it was built last")] * count
    with build_lock(description):
        description = compile_module(
            description, memory.inputs, changed, steps, options.verbose, memory.prepare
        )
        memory.built = time.time_ns()
        builder = memory.get_builder()
        inputs = builder.inputs(description, steps)
        made: Dict[str, Update] = {}
        updates = []
        for status in ask():
            refused = needs_whole(status.get("last_error"))
            known = repr(status if refused else [*map(status.get, _DECIDING)])
            if known not in made:
                made[known] = _make(builder, inputs, options, status, steps)
            update = made[known]
            is_needed = options.whole or _is_needed(inputs, status, update)
            updates.append(update._replace(is_needed=is_needed))
        return updates


def _is_needed(inputs: ModuleInputs, status: Dict[str, Any], update: Update) -> bool:
    """False: the device runs this already, alone, and nothing waits to replace it."""
    runs_base = status.get("patch") is None and not status.get("pending")
    runs_this = (update.changes_nothing and runs_base) or runs(status, update.content)
    return not (runs_this and _has_ours(inputs, status))


def _has_ours(inputs: ModuleInputs, status: Dict[str, Any]) -> bool:
    """Whether the device has the firmware of the build, as far as it says so. A device with another
    one refuses what it is sent, and says what to do."""
    ours = inputs.firmware.identity.hex()
    return bool(status.get("firmware", ours) == ours)


def _make(
    builder: ModuleBuilder,
    inputs: ModuleInputs,
    options: Options,
    status: Dict[str, Any],
    steps: Steps,
) -> Update:
    base = (status.get("base") or {}).get("sha256")
    update = _make_for_base(builder, inputs, options, status, steps)
    if not update.is_patch and base is not None:
        _say(builder.losses(inputs, base))
    return update


def _make_for_base(
    builder: ModuleBuilder,
    inputs: ModuleInputs,
    options: Options,
    status: Dict[str, Any],
    steps: Steps,
) -> Update:
    base = (status.get("base") or {}).get("sha256")
    if options.whole:
        return _whole(builder, inputs, "--whole", steps)
    if base is None:
        says = status.get("loaded") is False
        why = "the device runs nothing yet" if says else "the device does not say what it runs"
        return _whole(builder, inputs, why, steps)
    from hotreload.patch.make import Whole

    patch = builder.patch(inputs, base, steps, _size_of_patch(status))
    if isinstance(patch, Whole):
        update = _whole(builder, inputs, patch.reason, steps)
        large = partial(_large_patch, builder, inputs, base)
        return update._replace(patch=large) if patch.is_large else update
    update = _patch_update(patch, partial(_whole_again, builder, inputs))
    if needs_whole(status.get("last_error")) and _is_needed(inputs, status, update):
        return _whole(builder, inputs, _NOT_TAKEN, steps)
    _say(patch.notes)
    return update


def _size_of_patch(status: Dict[str, Any]) -> int:
    patch = status.get("patch")
    return sum(patch[segment]["size"] for segment in ("text", "data")) if patch else 0


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        click.echo(note, err=True)


def _patch_update(patch: Patch, whole: Callable[[Steps], Update]) -> Update:
    count = len(patch.functions)
    what = f"Patched: {count} function{'' if count == 1 else 's'}"
    return Update(patch.content, what, whole=whole, changes_nothing=patch.is_empty)


def _large_patch(
    builder: ModuleBuilder, inputs: ModuleInputs, base: str, steps: Steps
) -> Update:
    """After a task has kept the whole module out."""
    from hotreload.patch.make import Whole

    with build_lock(inputs.description):
        patch = builder.patch(inputs, base, steps, math.inf)
        if isinstance(patch, Whole):
            return _whole(builder, inputs, patch.reason, steps)
    _say(patch.notes)
    return _patch_update(patch, partial(_whole_again, builder, inputs))


def _whole(builder: ModuleBuilder, inputs: ModuleInputs, why: str, steps: Steps) -> Update:
    return _whole_update(builder.whole(inputs, steps), why)


def _whole_update(content: bytes, why: str) -> Update:
    return Update(content, f"Reloaded whole ({why})", why)


def _whole_again(builder: ModuleBuilder, inputs: ModuleInputs, steps: Steps) -> Update:
    """After the device refused a patch."""
    with build_lock(inputs.description):
        return _whole(builder, inputs, _NOT_TAKEN, steps)

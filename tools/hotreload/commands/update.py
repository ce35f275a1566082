"""What is sent: a patch of the module that the device runs, or a whole module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Collection, Dict, NamedTuple, Optional

import click

from hotreload.checks.inputs import Inputs
from hotreload.checks.outside import finish_search, start_search
from hotreload.description import Description
from hotreload.device.device import Device
from hotreload.device.find_device import Where
from hotreload.device.protocol import DeviceError
from hotreload.lock import build_lock
from hotreload.module.compiler import compile_objects
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.report import Steps

if TYPE_CHECKING:
    from hotreload.builder import ModuleBuilder
    from hotreload.module.link import Inputs as ModuleInputs


class Options(NamedTuple):
    """What the command line asks for."""

    build: str
    where: Where
    skip_build: bool = False
    wait: Optional[float] = None
    verbose: bool = False
    whole: bool = False


class Update(NamedTuple):
    """What is sent."""

    content: bytes
    what: str
    """How the last line begins."""
    whole: Optional[Callable[[Steps], "Update"]] = None
    """Makes the whole module instead of this patch."""
    is_needed: bool = True
    """False: the device runs this program already."""


class Memory:
    """What is known of a build from one reload to the next."""

    def __init__(self, description: Description) -> None:
        self.reader = FirmwareReader()
        self.inputs = Inputs(description)
        self.builder: Optional[ModuleBuilder] = None

    def save(self) -> None:
        """Keeps some of it for the next command. After the upload, which need not wait for it."""
        if self.builder is not None:
            self.builder.save()


class Question:
    """Asks a device for its status while the sources are compiled."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._status: Dict[str, Any] = {}
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._status = self._device.status()
        except DeviceError:
            pass  # The upload will say what is wrong.

    def answer(self) -> Dict[str, Any]:
        """Waits for the status; empty if the device does not tell."""
        self._thread.join()
        return self._status


def make_update(
    description: Description,
    options: Options,
    steps: Steps,
    memory: Memory,
    ask: Callable[[], Dict[str, Any]],
    changed: Collection[str] = (),
) -> Update:
    """Compiles what changed, and makes the patch or the module for a device.

    `ask` returns the device's status, `changed` are files that have changed, whatever their time
    stamps say.
    """
    if options.skip_build:
        from hotreload.files import read_bytes

        ask()  # A device takes one request at a time, and the question has begun.
        module = read_bytes(description.module, "the packed module")
        return Update(module, "Reloaded whole (as it was built last)")
    with build_lock(description):
        with steps.step("compile"):
            builder = _compile(description, options, memory, changed)
        inputs = builder.inputs(description, steps)
        status = ask()
        base = (status.get("base") or {}).get("sha256")
        update = _make(builder, inputs, options, status, steps)
        if update.whole is None and base is not None:
            for note in builder.lost_variables(inputs, base):
                click.echo(note, err=True)
        return update


def _make(
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

    patch = builder.patch(inputs, base, steps)
    if isinstance(patch, Whole):
        return _whole(builder, inputs, patch.reason, steps)
    for note in patch.notes:
        click.echo(note, err=True)
    count = len(patch.functions)
    ours = inputs.firmware.identity.hex()
    has_ours = status.get("firmware", ours) == ours  # Else the device refuses, and says what to do.
    runs_this = patch.is_empty and status.get("patch") is None and not status.get("pending")
    return Update(
        patch.content,
        f"Patched: {count} function{'' if count == 1 else 's'}",
        lambda steps: _whole_again(builder, inputs, steps),
        not (runs_this and has_ours),
    )


def _whole(builder: ModuleBuilder, inputs: ModuleInputs, why: str, steps: Steps) -> Update:
    return Update(builder.whole(inputs, steps), f"Reloaded whole ({why})")


def _whole_again(builder: ModuleBuilder, inputs: ModuleInputs, steps: Steps) -> Update:
    """After the device refused a patch."""
    with build_lock(inputs.description):
        return _whole(builder, inputs, "the device does not take the patch", steps)


def _compile(
    description: Description, options: Options, memory: Memory, changed: Collection[str]
) -> ModuleBuilder:
    search = start_search(description)
    memory.inputs.refresh(description)
    # Importing these takes as long as ninja's search.
    import hotreload.device.http_device  # noqa: F401
    import hotreload.patch.make  # noqa: F401
    from hotreload.checks.abi_guard import AbiGuard
    from hotreload.builder import ModuleBuilder

    if memory.builder is None:
        memory.builder = ModuleBuilder(memory.reader, AbiGuard().check)
    finish_search(search, description)
    _show_ninja(memory.inputs, changed, description)
    compile_objects(description, options.verbose)
    return memory.builder


def _show_ninja(inputs: Inputs, changed: Collection[str], description: Description) -> None:
    """Makes ninja rebuild what it would not, because the time stamp of an input is old."""
    stale = inputs.stale(changed)
    if not stale:
        return
    for path in sorted({one.input for one in stale}):
        click.echo(f"{path} has changed, though its time stamp is old")
    forgotten = inputs.forget(stale, changed)
    finish_search(start_search(description), description, forgotten)

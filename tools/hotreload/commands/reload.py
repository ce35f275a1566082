"""One reload: compile, link, pack, upload, and on request wait for the application.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Collection, NamedTuple, Optional

import click

from hotreload.checks.inputs import Inputs
from hotreload.checks.outside import finish_search, start_search
from hotreload.commands.outcome import Unfinished, resolve_lost_answer
from hotreload.description import Description, load_description
from hotreload.device.device import Device
from hotreload.device.find_device import Where, known_device, search_network
from hotreload.device.protocol import AnswerLost, DeviceError
from hotreload.errors import ToolError
from hotreload.lock import build_lock
from hotreload.module.compiler import compile_objects
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.report import Progress, Steps

if TYPE_CHECKING:
    from hotreload.device.discovery import Search
    from hotreload.module.build import ModuleBuilder

_POLL_SECONDS = 0.05


class Options(NamedTuple):
    """What the command line asks for."""

    build: str
    where: Where
    skip_build: bool = False
    wait: Optional[float] = None
    verbose: bool = False


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


def build_module(
    description: Description,
    options: Options,
    steps: Steps,
    memory: Memory,
    changed: Collection[str] = (),
) -> bytes:
    """Brings the packed module up to date and returns it. `changed` are files that have changed,
    whatever their time stamps say."""
    if options.skip_build:
        from hotreload.files import read_bytes

        return read_bytes(description.module, "the packed module")
    with build_lock(description):
        with steps.step("compile"):
            builder = _compile(description, options, memory, changed)
        return builder.update(description, steps)


def _compile(
    description: Description, options: Options, memory: Memory, changed: Collection[str]
) -> ModuleBuilder:
    search = start_search(description)
    memory.inputs.refresh(description)
    # Importing these takes as long as ninja's search.
    import hotreload.device.http_device  # noqa: F401
    from hotreload.checks.abi_guard import AbiGuard
    from hotreload.module.build import ModuleBuilder

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


def send_module(
    device: Device, description: Description, module: bytes, steps: Steps, wait: Optional[float]
) -> int:
    """Uploads a module, waits for the application if asked to, and returns its sequence."""
    from hotreload.device.secret import read_secret

    with steps.step("upload"):
        progress = Progress("Uploading")
        try:
            answer = device.upload(module, read_secret(description.secret), progress.show)
            sequence = int(answer.get("sequence", 0))
        except AnswerLost as lost:
            progress.clear()
            sequence = resolve_lost_answer(device, module, lost)
            click.echo(f"hotreload: {lost}\nBut it has the module, as it says itself.", err=True)
        finally:
            progress.clear()
    if wait is not None:
        with steps.step("wait"):
            _wait(device, wait)
    return sequence


def _wait(device: Device, seconds: float) -> None:
    """Waits until the application has reloaded; raises when that failed."""
    deadline = time.monotonic() + seconds
    try:
        while device.pending():
            if time.monotonic() > deadline:
                raise Unfinished(
                    "the device has the module, but the application has not reloaded it within "
                    f"{seconds:g} s: does it poll hotreload_update_available() and call "
                    "hotreload_reload()?",
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


def _end_search(search: Search, steps: Steps) -> Device:
    """The device that was looked for while the module was built."""
    with steps.step("find"):
        return search.wait()


def reload_once(options: Options) -> None:
    """The command `reload`: the last line says what happened."""
    steps = Steps()
    try:
        description = load_description(options.build)
        memory = Memory(description)
        known = known_device(options.where, options.build, description)
        target = known or search_network(description, memory.reader)
        try:
            module = build_module(description, options, steps, memory)
            device = target if isinstance(target, Device) else _end_search(target, steps)
            with closing(device):
                send_module(device, description, module, steps, options.wait)
        finally:
            memory.save()
    except ToolError as error:
        report_failure(error, steps)
        raise SystemExit(1) from error
    report_success(module, device.url, steps)


def report_success(module: bytes, url: str, steps: Steps) -> None:
    """The last line after an upload."""
    click.secho(f"Reloaded: {len(module)} bytes to {url} in {steps.summary()}", fg="green")


def report_failure(error: ToolError, steps: Steps) -> None:
    """The reason, and a last line."""
    click.echo(f"hotreload: {error}", err=True)
    step = f"{steps.current} failed after {steps.total():.2f} s" if steps.current else "no build"
    left = "the device goes on with the code it has"
    if isinstance(error, Unfinished):
        left = error.left
    click.secho(f"Not reloaded: {step}; {left}", fg="red", err=True)

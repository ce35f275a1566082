"""How much stack hotreload takes at most, on an emulated chip: of the task that loads and reloads,
of the server's task and of the console's. The program is stacks.c.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Dict, List

from idf_project import DEFAULTS, ROOT, IdfProject
from qemu import Qemu

sys.path.insert(0, str(ROOT / "tools"))

from hotreload.device.device import Device  # noqa: E402
from hotreload.device.http_device import HttpDevice  # noqa: E402
from hotreload.device.protocol import DeviceError  # noqa: E402
from hotreload.device.serial_device import SerialDevice  # noqa: E402

_OPTIONS = """\
CONFIG_HOTRELOAD_SERIAL=y
CONFIG_HOTRELOAD_TRIAL_SECONDS=1
"""
_LINE = r"^stacks \d+: caller (\d+), httpd (\d+), hotreload (\d+)$"
_NAMES = ("caller", "httpd", "hotreload")


def prepare(project: IdfProject) -> None:
    """Turns a copy of the basic example into the program, and builds it."""
    source = Path(__file__).with_name("stacks.c").read_text()
    (project.directory / "main" / "hotreload.c").write_text(source)
    project.write("sdkconfig.stacks", _OPTIONS)
    project.defaults = f"{DEFAULTS};sdkconfig.stacks"
    project.run("build")


def _bodies(module: bytes, firmware: bytes) -> List[bytes]:
    """What is refused for another reason each: too long, no module, another firmware's."""
    return [bytes(129 * 1024), module[:200], module.replace(firmware, bytes(len(firmware)))]


def _use(device: Device, module: bytes, secret: bytes) -> None:
    """Every request, and uploads that are refused and one that is stored."""

    def ignore(done: int, total: int) -> None:
        pass

    firmware = bytes.fromhex(device.status()["firmware"])
    device.pending()
    with contextlib.suppress(DeviceError):
        device.upload(module, bytes(32), ignore)
    for body in _bodies(module, firmware):
        with contextlib.suppress(DeviceError):
            device.upload(body, secret, ignore)
    device.upload(module, secret, ignore)


def _read(chip: Qemu) -> Dict[str, int]:
    line = chip.wait_for(_LINE, chip.position())
    return {name: int(value) for name, value in zip(_NAMES, line.groups())}


def measure(project: IdfProject, chip: Qemu) -> Dict[str, int]:
    """Bytes at most of each task: boots, requests of both kinds, reloads, a crash, a rollback."""
    module = project.path("module.bin").read_bytes()
    secret = bytes.fromhex(project.path("secret.key").read_text())
    chip.wait_for(_LINE)
    serial = SerialDevice(chip.serial, 115200)
    for device in (HttpDevice(chip.url), serial):
        start = chip.position()
        _use(device, module, secret)
        chip.wait_for("module loaded", start)
    serial.close()
    most = _read(chip)

    reloadable = "components/reloadable/reloadable.c"
    start = chip.position()
    with project.changed(reloadable, 'printf("%s, %s', '__builtin_trap();\n    printf("%s, %s'):
        project.run("reload", "--url", chip.url)
    chip.wait_for(r"Calling app_main\(\)", start)
    after = _read(chip)
    return {name: max(most[name], after[name]) for name in _NAMES}

"""An ESP chip in Espressif's QEMU, with its console and its HTTP port.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Dict, Optional

from console import Console
from idf_project import IdfProject

PROGRAM = "qemu-system-riscv32"
MACHINE = "esp32c3"
_FLASH_SIZE = 4 * 1024 * 1024


def missing() -> Optional[str]:
    """Why there is no such QEMU, or None."""
    if shutil.which(PROGRAM) is None:
        return f"{PROGRAM} is not on PATH (idf_tools.py install qemu-riscv32)"
    machines = subprocess.run(
        [PROGRAM, "-M", "help"], stdout=subprocess.PIPE, encoding="utf-8", check=True
    ).stdout
    return None if f"\n{MACHINE} " in machines else f"{PROGRAM} has no machine {MACHINE}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Qemu:
    """A running chip; its flash is what `idf.py flash` would write.

    `url` is its HTTP server, `serial` its console as pyserial names it.
    """

    def __init__(self, project: IdfProject, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = directory / "console.txt"
        self._console = Console(self._log)
        self.serial = self._console.url
        flash = directory / "flash.bin"
        content = bytearray(b"\xff" * _FLASH_SIZE)
        for offset, data in project.flash_image().items():
            content[offset : offset + len(data)] = data
        flash.write_bytes(content)
        forward = f"hostfwd=tcp:127.0.0.1:{self.port}-:8080"
        command = [PROGRAM, "-M", MACHINE, "-display", "none", "-monitor", "none"]
        command += ["-drive", f"file={flash},if=mtd,format=raw"]
        command += ["-serial", f"tcp:127.0.0.1:{self._console.chip_port}"]
        # A hub, so that options may add to the network.
        command += ["-nic", "hubport,hubid=0,model=open_eth"]
        command += ["-netdev", f"user,id=outside,{forward}"]
        command += ["-netdev", "hubport,hubid=0,id=to_outside,netdev=outside"]
        command += ["-global", "driver=timer.esp32c3.timg,property=wdt_disable,value=true"]
        # Timers beside the processor's thread lose interrupts now and then: the tick stops.
        command += ["-icount", "shift=3,align=off,sleep=on", *options]
        self._messages = open(directory / "qemu.txt", "w")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._messages, stderr=self._messages
        )

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._messages.close()
        self._console.close()

    def console(self) -> str:
        """All that the chip has printed, without colours."""
        text = self._log.read_text(errors="replace").replace("\r", "")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def wait_for(
        self, pattern: str, start: int = 0, seconds: float = 120, every: float = 0.1
    ) -> "re.Match[str]":
        """Waits for a pattern in the console from position `start`, looking `every` so often."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.MULTILINE).search(self.console(), start)
            if match:
                return match
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} in the console:\n{self.console()[-1500:]}")
            time.sleep(every)

    def position(self) -> int:
        """For `start` of wait_for(): what is printed from now on."""
        return len(self.console())

    def get(self, path: str) -> Dict[str, Any]:
        """The JSON answer to a GET."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return dict(json.load(answer))

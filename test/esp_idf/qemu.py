"""An ESP chip in Espressif's QEMU, with its console and its HTTP port.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Dict

from console import Console
from idf_project import IdfProject
from machines import Machine

_FLASH_SIZE = 4 * 1024 * 1024
PATIENCE = 120.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Qemu:
    """A running chip; its flash is what `idf.py flash` would write.

    `url` is its HTTP server, `serial` its console as pyserial names it.
    """

    def __init__(
        self, machine: Machine, project: IdfProject, directory: Path, *options: str
    ) -> None:
        self.machine = machine
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = directory / "console.txt"
        self._console = Console(self._log)
        self.serial = self._console.url
        self._messages = open(directory / "qemu.txt", "w")
        self._flash = directory / "flash.bin"
        content = bytearray(b"\xff" * _FLASH_SIZE)
        for offset, data in project.flash_image().items():
            content[offset : offset + len(data)] = data
        self._flash.write_bytes(content)
        self._command = [machine.program, "-M", machine.target, "-display", "none"]
        self._command += ["-monitor", "none", "-drive", f"file={self._flash},if=mtd,format=raw"]
        self._command += ["-serial", f"tcp:127.0.0.1:{self._console.chip_port}"]
        # A hub, so that options may add to the network.
        self._command += ["-nic", "hubport,hubid=0,model=open_eth"]
        self._command += ["-netdev", f"user,id=outside,hostfwd=tcp:127.0.0.1:{self.port}-:8080"]
        self._command += ["-netdev", "hubport,hubid=0,id=to_outside,netdev=outside"]
        watchdogs = f"driver=timer.{machine.target}.timg,property=wdt_disable,value=true"
        self._command += ["-global", watchdogs, *machine.options, *options]
        self.power_on()

    def power_on(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self._messages, stderr=self._messages
        )

    def cut_power(self) -> None:
        """At once, whatever the chip does; the flash and what was printed stay."""
        self._process.kill()
        self._process.wait()

    def wait_for_flash(self, content: bytes) -> None:
        """Until the flash has this somewhere."""
        deadline = time.monotonic() + PATIENCE
        while content not in self._flash.read_bytes():
            assert time.monotonic() < deadline, "the flash was not written"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._messages.close()
        self._console.close()

    def type(self, text: str) -> None:
        """On the console."""
        host, port = self.serial.replace("socket://", "").split(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(text.encode())

    def console(self) -> str:
        """All that the chip has printed, without colours."""
        text = self._log.read_text(errors="replace").replace("\r", "")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    def wait_for(
        self, pattern: str, start: int = 0, seconds: float = PATIENCE, every: float = 0.1
    ) -> "re.Match[str]":
        """Waits for a pattern in the console from position `start`, looking `every` so often."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.MULTILINE).search(self.console(), start)
            if match:
                return match
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = "" if ended is None else f", and QEMU has ended ({ended})"
                raise AssertionError(f"no {pattern!r}{why}, in:\n{self.console()[-1500:]}")
            time.sleep(every)

    def position(self) -> int:
        """For `start` of wait_for(): what is printed from now on."""
        return len(self.console())

    def boots(self) -> int:
        """How often the chip has started the application."""
        return self.console().count("Calling app_main()")

    def get(self, path: str) -> Dict[str, Any]:
        """The JSON answer to a GET."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return dict(json.load(answer))

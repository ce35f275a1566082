"""An example on the emulated board, for the demo, `make watch` and the benchmark: a copy of its
reloadable component to edit, a build of it, and the running board.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Dict, List, Match, Optional, Sequence

import cross_toolchain
from timed_lines import TimedLines

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from hotreload.device.protocol import sign_upload  # noqa: E402

_EXIT_PANIC = 134  # BOARD_EXIT_PANIC of port/emulator/options.h
_RESTART_SECONDS = 0.5  # a board that crashes at once must not keep the machine busy
_WATCHDOG_SECONDS = 10.0  # many periods of the application's loop


def say(text: str) -> None:
    """One step of the story."""
    print(f"\n\033[1m==> {text}\033[0m" if sys.stdout.isatty() else f"\n==> {text}", flush=True)


def reset_reason(code: int) -> Optional[str]:
    """How a program with this exit code ended, as a chip's reset reason; None: as it was told."""
    told = {-signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL}
    return "panic" if code == _EXIT_PANIC or (code < 0 and code not in told) else None


class Console(TimedLines):
    """A running board and what it has printed. Used in `with`, it ends with the block.

    With `restart` the board starts again after a panic, as a chip does, with the same flash and
    port; and so it does when its application prints nothing for so long that a watchdog would bite.
    """

    def __init__(self, command: List[str], show: bool, restart: bool = False) -> None:
        super().__init__()
        self._command = command
        self._show = show
        self._restart = restart
        self._closing = False
        self._stuck = False
        self._process = self._start(["--port", "0"])
        threading.Thread(target=self._run, daemon=True).start()
        self.port = int(self.wait_for(r"http://[^/]*:(\d+)").group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        if restart:
            threading.Thread(target=self._watch, daemon=True).start()

    def _start(self, options: List[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*self._command, *options], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self) -> "Console":
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closing = True
            self._process.kill()
        self._process.wait()

    def _run(self) -> None:
        """Reads the console, from one start of the board to the next."""
        while True:
            self._read()
            code = self._process.wait()
            reason = "watchdog" if self._stuck else reset_reason(code)
            if self._closing or not self._restart:
                return
            if reason is None:
                self._add_line(f"(the board has ended, exit code {code})")
                return
            self._add_line(f"(the board restarts after a {reason}, exit code {code})")
            time.sleep(_RESTART_SECONDS)
            with self._changed:
                if self._closing:
                    return
                self._stuck = False
                self._process = self._start(["--port", str(self.port), "--reset-reason", reason])

    def _watch(self) -> None:
        """The watchdog."""
        while not self._closing:
            time.sleep(_WATCHDOG_SECONDS / 10)
            with self._changed:
                silent = time.monotonic() - self._lines[-1][0]
                if silent > _WATCHDOG_SECONDS and self._process.poll() is None:
                    self._stuck = True
                    self._process.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            self._add_line(raw.decode("utf-8", "replace").rstrip())

    def _add_line(self, line: str) -> None:
        if self._show:
            print(f"  board| {line}", flush=True)
        self.add_lines([line])

    def wait_for(self, pattern: str, start: int = 0) -> Match[str]:
        """Waits for a line with the pattern, from line number `start` on."""
        return self.wait_for_time(pattern, start)[1]

    def last_uptime(self) -> int:
        """The application's counter in its last line."""
        found = [re.match(r"uptime (\d+):", line) for _, line in self._lines]
        return max(int(match.group(1)) for match in found if match)

    def starts(self) -> int:
        """How often the application began to count."""
        return sum(line.startswith("uptime 0:") for _, line in self._lines)


BASIC = ROOT / "examples" / "basic" / "components" / "reloadable"
LOOP = ROOT / "examples" / "loop" / "components" / "blink"


class EmulatedProject:
    """A folder with a copy of the component (`components`) and a build of it (`build`)."""

    POLL_MS = 200

    def __init__(self, arch: str, folder: Path, example: Path = BASIC) -> None:
        missing = cross_toolchain.missing(arch, folder.parent)
        if missing:
            sys.exit(missing)
        self.arch = arch
        self.core = cross_toolchain.CORES[arch]
        self.folder = folder
        self.build_dir = folder / "build"
        self._example = example
        self.component = folder / "components" / example.name
        self.source = self.component / f"{example.name}.c"
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}

    def build(self, *more_components: Path, used: Sequence[str] = (), more_source: str = "",
              options: Sequence[str] = ()) -> None:
        """Copies the component as it is in the example, with more source, and builds everything.

        The firmware uses these functions, as an application would that knows more than its example.
        The options are CMake's.
        """
        shutil.rmtree(self.component, ignore_errors=True)
        # With new times: old ones would make it look like a restored file.
        shutil.copytree(self._example, self.component, copy_function=shutil.copy)
        if more_source:
            self.source.write_text(self.source.read_text() + more_source)
        components = ";".join(str(path) for path in (self.component, *more_components))
        firmware = ROOT / "examples" / ("emulator" if self._example == BASIC else
                                        self._example.parent.parent.name)
        self._run(["cmake", "-S", str(firmware), "-B", str(self.build_dir),
                   "-G", "Ninja", f"-DCMAKE_TOOLCHAIN_FILE={self.core.toolchain_file}",
                   f"-DHOTRELOAD_COMPONENT_DIRS={components}", "-DHOTRELOAD_URL=",
                   f"-DCMAKE_EXE_LINKER_FLAGS={' '.join(f'-Wl,-u,{name}' for name in used)}",
                   *options])
        self._run(["cmake", "--build", str(self.build_dir)])

    def _run(self, command: List[str]) -> None:
        result = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            sys.exit(f"{result.stdout}\n{' '.join(command)}: failed")

    def boot(self, show: bool = True, poll_ms: int = POLL_MS, restart: bool = False,
             options: Sequence[str] = ()) -> Console:
        """Flashes the built partition into a new board, and starts it with further options."""
        return Console(self.flash(poll_ms, options), show, restart)

    def flash(self, poll_ms: int = POLL_MS, options: Sequence[str] = ()) -> List[str]:
        """Flashes the built partition into a new board; returns the command that starts it."""
        flash = self.build_dir / "flash.bin"
        shutil.copyfile(self.build_dir / "hotreload" / "partition.bin", flash)
        return [*self.core.qemu, str(self.build_dir / "firmware.elf"), "--flash", str(flash),
                "--poll", str(poll_ms), *options]

    def edit(self, old: str, new: str, source: Optional[str] = None) -> None:
        """Replaces text in a source of the component, which must have it."""
        path = self.component / source if source else self.source
        text = path.read_text()
        if old not in text:
            sys.exit(f"{path} has no {old}")
        path.write_text(text.replace(old, new))

    def tool(self, command: str, *arguments: str) -> int:
        """Runs a command of the host tools on this build; returns its exit code."""
        return subprocess.run([sys.executable, "-m", "hotreload", command, "--build",
                               str(self.build_dir), *arguments], env=self.environment).returncode

    @property
    def module_path(self) -> Path:
        """The packed module's file."""
        return self.build_dir / "hotreload" / "module.bin"

    def module(self) -> bytes:
        """The packed module."""
        return self.module_path.read_bytes()

    def upload_headers(self, module: bytes, nonce: bytes) -> Dict[str, str]:
        """The headers that authenticate an upload of this module, with a nonce of the board."""
        secret = bytes.fromhex((self.build_dir / "hotreload" / "secret.key").read_text())
        return sign_upload(module, secret, nonce)

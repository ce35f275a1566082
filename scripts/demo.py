"""make demo: the whole chain on the emulated board, told step by step.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from pathlib import Path

from emulated_project import LOOP, Console, EmulatedProject, say


def show_reload(project: EmulatedProject, console: Console) -> float:
    """Edits the greeting and reloads; returns the seconds from save to new output."""
    say("Editing the greeting in reloadable.c: Hello -> Goodbye, then: hotreload reload")
    before = console.last_uptime()
    seen = console.count()
    saved = time.monotonic()
    project.edit('"Hello"', '"Goodbye"')
    if project.tool("reload", "--url", console.url) != 0:
        raise SystemExit("demo: the reload failed")
    after = console.wait_for(r"uptime (\d+): Goodbye, World", seen)
    seconds = time.monotonic() - saved
    if int(after.group(1)) <= before or console.starts() != 1:
        raise SystemExit("demo: the board has restarted")
    say(f"New code after {seconds:.2f} s from saving the file (the application looks for updates "
        f"every {project.POLL_MS} ms); the same uptime counter, no reboot")
    return seconds


def show_broken_edit(project: EmulatedProject, console: Console) -> None:
    """A syntax error is shown by the compiler, and the old code goes on."""
    say("A broken edit: the compiler says why, nothing is sent, the old code goes on")
    good = project.source.read_text()
    project.edit('"Goodbye"', '"Goodbye" oops')
    if project.tool("reload", "--url", console.url) == 0:
        raise SystemExit("demo: a broken edit was accepted")
    project.source.write_text(good)
    console.wait_for("Goodbye, World", console.count())


def show_corrupted_upload(project: EmulatedProject, console: Console) -> None:
    """An upload that lost a bit on the way is refused, and the old code goes on."""
    say("An upload with one bit flipped on the way: the board refuses it, the old code goes on")
    module = project.module()
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=30)
    connection.request("GET", "/nonce")
    nonce = bytes.fromhex(json.load(connection.getresponse())["nonce"])
    headers = project.upload_headers(module, nonce)
    damaged = module[:-1] + bytes([module[-1] ^ 1])
    connection.request("POST", "/upload", damaged, headers)
    answer = connection.getresponse()
    print(f"  HTTP {answer.status}: {answer.read().decode()}", flush=True)
    if answer.status != 400:
        raise SystemExit("demo: a damaged upload was accepted")
    console.wait_for("Goodbye, World", console.count())


def show_loop(arch: str, build: Path) -> None:
    """A function is changed under a loop that never ends; its variables keep their values."""
    say("A loop that never leaves the reloadable code: 'blink' -> 'flash' in what it calls")
    project = EmulatedProject(arch, build, LOOP)
    project.build()
    with project.boot() as console:
        console.wait_for(r"uptime 3: blink")
        before = console.last_uptime()
        seen = console.count()
        project.edit('"uptime %u: blink', '"uptime %u: flash', "blink_step.c")
        if project.tool("reload", "--url", console.url) != 0:
            raise SystemExit("demo: the patch failed")
        after = console.wait_for(r"uptime (\d+): flash, lit (\d+) times", seen)
        uptime, lit = int(after.group(1)), int(after.group(2))
        if uptime <= before or lit != (uptime + 1) // 2 or console.starts() != 1:
            raise SystemExit("demo: the loop or its counter began anew")
    say(f"The loop went on to round {uptime}, and its counter to {lit}: no state was lost")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True, choices=("riscv", "xtensa"))
    parser.add_argument("--build", type=Path, required=True)
    arguments = parser.parse_args()

    say("Building the firmware and its first module")
    project = EmulatedProject(arguments.arch, arguments.build.resolve())
    project.build()
    say("Booting the board; its console is shown with 'board|'")
    with project.boot() as console:
        console.wait_for(r"uptime 2: Hello, World")
        seconds = show_reload(project, console)
        show_broken_edit(project, console)
        show_corrupted_upload(project, console)
        uptime = console.last_uptime()
    show_loop(arguments.arch, arguments.build.resolve() / "loop")
    say(f"Done: save to new output in {seconds:.2f} s, one board, up for {uptime} rounds. "
        "Try your own edits: make watch")
    return 0


if __name__ == "__main__":
    sys.exit(main())

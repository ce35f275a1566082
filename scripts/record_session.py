"""Records docs/session.svg: `make watch` in the upper half of a terminal, edits in the lower one.

All that it shows is printed by the tools while it runs. Needs Debian's tmux, asciinema, termtosvg.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLUMNS, ROWS, LOWER_ROWS = 118, 27, 4
TMUX = ["tmux", "-f", "/dev/null", "-L", f"hotreload-{os.getpid()}"]
WATCH, EDIT = "session:0.0", "session:0.1"
SHELL = "env PS1='$ ' HISTFILE= sh"


def tmux(*arguments: str) -> str:
    return subprocess.run([*TMUX, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


def type_line(pane: str, text: str) -> None:
    """As a person types, more or less."""
    for character in text:
        tmux("send-keys", "-t", pane, "-l", "\\;" if character == ";" else character)
        time.sleep(0.03)
    time.sleep(0.5)
    tmux("send-keys", "-t", pane, "Enter")


def wait_for(pattern: str, seconds: float = 300) -> None:
    """Until the upper half shows it."""
    deadline = time.monotonic() + seconds
    while not re.search(pattern, tmux("capture-pane", "-p", "-t", WATCH)):
        if time.monotonic() > deadline:
            raise SystemExit(f"the session never showed {pattern}")
        time.sleep(0.1)


def play(build: str) -> None:
    """The session itself."""
    source = f"{build}/watch-riscv/components/reloadable/reloadable.c"
    type_line(WATCH, "make watch")
    wait_for(r"Ctrl\+C stops[^$]*uptime \d+: Hello")
    time.sleep(2)
    type_line(EDIT, f"""sed -i 's/"Hello"/"Good morning"/' {source}""")
    wait_for(r"Patched[^$]*(Good morning, World.*\n[^$]*){3}")
    type_line(EDIT, f"""sed -i 's/"Good morning";/"Good evening"/' {source}""")
    wait_for("Not reloaded[^$]*Good morning, World[^$]*Good morning, World")
    time.sleep(2)


def main() -> int:
    if ROOT != Path("/tmp/hotreload"):
        raise SystemExit("the session shows paths: run this in a clone at /tmp/hotreload")
    build = os.environ.get("BUILD", "build")
    with tempfile.TemporaryDirectory() as temporary:
        cast = Path(temporary) / "session.cast"
        tmux("new-session", "-d", "-s", "session", "-x", str(COLUMNS), "-y", str(ROWS), SHELL)
        tmux("set", "-g", "status", "off")
        tmux("split-window", "-v", "-l", str(LOWER_ROWS), SHELL)
        # Lines that are too long end at the edge.
        for pane in (WATCH, EDIT):
            tmux("send-keys", "-t", pane, r"printf '\033[?7l'; clear", "Enter")
        time.sleep(1)
        recorder = subprocess.Popen(
            ["asciinema", "rec", "-q", "--overwrite", "-i", "1.5", "--cols", str(COLUMNS),
             "--rows", str(ROWS), "-c", f"env TERM=xterm-256color {' '.join(TMUX)} attach",
             str(cast)])
        try:
            time.sleep(1)
            play(build)
            played = cast.read_text(encoding="utf-8")
        finally:
            tmux("send-keys", "-t", WATCH, "C-c")
            time.sleep(2)  # `make watch` ends its board
            tmux("kill-server")
            recorder.wait()
        cast.write_text(played[:played.rindex("\n") + 1], encoding="utf-8")  # not how it ends
        return subprocess.run(["termtosvg", "render", str(cast), str(ROOT / "docs" / "session.svg"),
                               "-m", "200", "-D", "4000", "-t", "window_frame"]).returncode


if __name__ == "__main__":
    sys.exit(main())

"""make watch: the emulated board, left running, and `watch` beside it for the user's own edits.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from announce import announce_board
from emulated_project import EmulatedProject, say


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True, choices=("riscv", "xtensa"))
    parser.add_argument("--build", type=Path, required=True)
    arguments = parser.parse_args()

    project = EmulatedProject(arguments.arch, arguments.build.resolve())
    say("Building")
    project.build()
    say(f"Edit {project.source} and save; Ctrl+C ends. The board is found by mDNS, as a chip is")
    with project.boot(poll_ms=1000, restart=True) as console:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # `watch` gets the signal as well, and ends
        with announce_board(console.url, "basic example"):
            return project.tool("watch")


if __name__ == "__main__":
    sys.exit(main())

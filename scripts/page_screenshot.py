"""Makes docs/status-page.png: the status page of the emulated board after a patch. Needs what the
tests of the page need.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import browser
from emulated_project import LOOP, ROOT, EmulatedProject

_PATIENCE = 60.0


def take(project: EmulatedProject) -> bytes:
    """Plays the story and returns its picture."""
    project.build()
    with project.boot(show=False) as console, browser.Browser(_PATIENCE) as tab:
        project.edit('"uptime %u: blink', '"uptime %u: flash', "blink_step.c")
        if project.tool("reload", "--url", console.url) != 0:
            sys.exit("the board was not patched")
        tab.show_as(700, 530)
        tab.open(console.url)
        tab.wait_until("document.querySelector('#state').textContent.includes('patched')")
        return tab.screenshot()


def main() -> None:
    missing = browser.missing()
    if missing:
        sys.exit(missing)
    with tempfile.TemporaryDirectory() as folder:
        picture = take(EmulatedProject("riscv", Path(folder) / "blink", LOOP))
    path = ROOT / "docs" / "status-page.png"
    path.write_bytes(picture)
    print(f"{path}: {len(picture)} bytes")


if __name__ == "__main__":
    main()

"""make guards: edits that a reload must not simply send, and what the tools say to each.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple

from emulated_project import ROOT, Console, EmulatedProject, say

EXAMPLE = ROOT / "examples" / "guards"


class Edit(NamedTuple):
    """A file of examples/guards/edits: why it is caught, what is expected, and the change."""

    path: Path
    why: str
    build_first: bool
    sent: bool
    expected: List[str]

    @property
    def change(self) -> str:
        """The change itself, as git apply takes it."""
        text = self.path.read_text()
        return text[text.index("--- "):]


def read_edits() -> List[Edit]:
    """All of them, by name."""
    edits = []
    for path in sorted((EXAMPLE / "edits").glob("*.patch")):
        text = path.read_text().split("--- ")[0]
        results = re.findall(r"^result: (sent|refused)$", text, re.MULTILINE)
        expected = re.findall(r"^expect: (.+)$", text, re.MULTILINE)
        if len(results) != 1 or not expected:
            sys.exit(f"{path} does not say what to expect")
        edits.append(Edit(path, text.split("\n\n")[0], "\nfirst: build\n" in text,
                          results[0] == "sent", expected))
    return edits


class GuardsProject(EmulatedProject):
    """The basic example and the component to try the guards on."""

    def __init__(self, arch: str, folder: Path) -> None:
        super().__init__(arch, folder)
        self.components = folder / "components"

    def restore(self) -> None:
        """The component as it is in the example, everything built."""
        motor = self.components / "motor"
        shutil.rmtree(motor, ignore_errors=True)
        # With new times, so that ninja sees that the edit is gone.
        shutil.copytree(EXAMPLE / "components" / "motor", motor, copy_function=shutil.copy)
        self.build(motor, used=("motor_step", "motor_show"))

    def try_edit(self, edit: Edit, console: Console) -> "tuple[bool, str]":
        """Makes the edit and reloads; returns whether it was sent, and what was said."""
        # Apart from the repository that the build directory may be in.
        outside = {**self.environment, "GIT_CEILING_DIRECTORIES": str(self.folder)}
        subprocess.run(["git", "apply", str(edit.path)], cwd=self.components, env=outside,
                       check=True)
        if edit.build_first:
            subprocess.run(["cmake", "--build", str(self.build_dir)], env=self.environment,
                           stdout=subprocess.DEVNULL, check=True)
        result = subprocess.run(
            [sys.executable, "-m", "hotreload", "reload", "--build", str(self.build_dir),
             "--url", console.url, "--wait", "30"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.restore()
        return result.returncode == 0, result.stdout


def find_difference(edit: Edit, sent: bool, said: str) -> str:
    """What differs from what was expected; empty if nothing does."""
    if sent != edit.sent:
        return "it was sent" if sent else "it was refused"
    missing = [text for text in edit.expected if text not in said]
    return f"nothing was said of: {'; '.join(missing)}" if missing else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True, choices=("riscv", "xtensa"))
    parser.add_argument("--build", type=Path, required=True)
    arguments = parser.parse_args()
    project = GuardsProject(arguments.arch, arguments.build.resolve())
    say("Building")
    project.restore()
    failed = 0
    with project.boot(show=False) as console:
        for edit in read_edits():
            say(f"{edit.path.stem}: {edit.why}")
            print(edit.change)
            sent, said = project.try_edit(edit, console)
            print(said, end="", flush=True)
            difference = find_difference(edit, sent, said)
            if difference:
                print(f"UNEXPECTED: {difference}")
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

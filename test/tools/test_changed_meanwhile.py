"""A file that is saved while it is compiled: what is sent in the end is what was saved last.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fake_device import FakeDevice
from project import Project
from test_compile import run_always
from test_watch import LAST, body, start

# Reads the sources, waits if there is a gate, and writes the object file after that.
COMPILER = """\
#!/bin/sh
for last; do :; done
{compiler} "$@" || exit
case "$*" in *" -MD "*) test -p {gate} || exit 0;; *) exit 0;; esac
mv "$last" "$last.made"
read line <{gate}
cp "$last.made" "$last"
"""


class Gate:
    """Holds back the compiler after it has read the sources."""

    def __init__(self, project: Project) -> None:
        self.path = project.root / "gate"
        compiler = project.root / "waiting-gcc"
        text = COMPILER.format(compiler=project.toolchain.compiler, gate=self.path)
        compiler.write_text(text)
        compiler.chmod(0o755)
        project.toolchain = project.toolchain._replace(compiler=str(compiler))
        project.make()

    def close(self) -> None:
        os.mkfifo(self.path)

    def save(self, path: Path, text: str) -> None:
        """Saves the file while the compiler waits, which goes on then, and is not held again."""
        with self.path.open("w") as gate:  # Waits for the compiler.
            path.write_text(text)
            self.path.unlink()
            gate.write("go\n")


@pytest.fixture
def gate(built: Project) -> Gate:
    return Gate(built)


def reload(project: Project, device: FakeDevice) -> "subprocess.Popen[str]":
    return project.start("reload", "--build", str(project.build), "--url", device.url)


def finish(process: "subprocess.Popen[str]") -> str:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def newest(project: Project) -> bytes:
    """What ninja makes of the sources."""
    for path in project.build.glob("*.o"):
        path.unlink()
    project.compile()
    return project.link()


def test_source(built: Project, device: FakeDevice, gate: Gate) -> None:
    built.write("a.c", body(2))
    gate.close()
    process = reload(built, device)
    gate.save(built.sources / "a.c", body(3))
    assert "a.c has changed meanwhile, and is compiled again" in finish(process)
    assert "meanwhile" not in finish(reload(built, device))
    assert device.uploads == [newest(built)] * 2


def test_input_of_a_generator(built: Project, device: FakeDevice, gate: Gate) -> None:
    built.write("a.c", '#include "page.h"\nint f(void) { return VALUE; }\n')
    page = built.generate()
    ninja = built.build / "build.ninja"
    waits = f"cp $in $out.made && {{ test ! -p {gate.path} || read line <{gate.path}; }}"
    ninja.write_text(ninja.read_text().replace("cp $in $out\n", f"{waits} && cp $out.made $out\n"))
    subprocess.run(["ninja", "firmware"], cwd=built.build, check=True)
    page.write_text("#define VALUE 2\n")
    gate.close()
    process = reload(built, device)
    gate.save(page, "#define VALUE 3\n")
    assert "index.html has changed meanwhile" in finish(process)
    assert (built.build / "page.h").read_text() == page.read_text()
    finish(reload(built, device))
    assert len(device.uploads) == 2 and len(set(device.uploads)) == 1


def test_header_that_was_not_included_before(
    built: Project, device: FakeDevice, gate: Gate
) -> None:
    """Nobody asks ninja about it before the upload. So the next reload compiles again."""
    header = built.write("new.h", "#define VALUE 2\n")
    built.write("a.c", '#include "new.h"\nint f(void) { return VALUE; }\n')
    gate.close()
    process = reload(built, device)
    gate.save(header, "#define VALUE 3\n")
    finish(process)
    finish(reload(built, device))
    assert device.uploads[0] != device.uploads[1] == newest(built)


def test_saved_again_and_again(built: Project, device: FakeDevice, gate: Gate) -> None:
    """The reload ends all the same; the next one sees the rest."""
    number = 2
    built.write("a.c", body(number))
    gate.close()
    process = reload(built, device)
    while process.poll() is None:
        with suppress(OSError):  # The compiler does not wait, or not any more.
            waiting = os.open(gate.path, os.O_WRONLY | os.O_NONBLOCK)
            number += 1
            built.write("a.c", body(number))
            os.write(waiting, b"go\n")
            os.close(waiting)
        time.sleep(0.01)
    assert number > 3
    gate.path.unlink()
    finish(process)
    finish(reload(built, device))
    assert device.uploads[-1] == newest(built)


@pytest.mark.parametrize("by_ninja", [False, True])
def test_watch(built: Project, device: FakeDevice, gate: Gate, by_ninja: bool) -> None:
    header = built.write("value.h", "#define VALUE 1\n")
    text = '#include "value.h"\nint f(void) { return VALUE; }\n'
    built.write("a.c", text)
    built.make()
    if by_ninja:
        run_always(built, "true")
    with start(built, device.url) as watch:
        gate.close()
        built.write("a.c", f"{text}int g(void) {{ return VALUE; }}\n")
        gate.save(header, "#define VALUE 2\n")
        seen = watch.wait_for(*LAST)
        assert by_ninja == any("value.h has changed meanwhile" in line for line in seen), seen
        first = device.uploads[-1]
    assert first == newest(built)

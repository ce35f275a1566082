"""Several commands at once in one build directory: none sees what another has half done.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from fake_device import FakeDevice
from hotreload.description import load_description
from hotreload.errors import ToolError
from hotreload.files import replacing, write_if_changed
from hotreload.lock import build_lock
from project import Project
from test_watch import Watch, body

# Begins when the test lets it, and fails if another one has begun and not ended.
NINJA = """\
#!/bin/sh
case "$*" in *-n*|*-t*) exec ninja "$@";; esac
mkdir building || { echo "two at once"; exit 1; }
echo compiling
read line <gate
ninja "$@"
code=$?
rmdir building
exit $code
"""


def test_one_build_at_a_time(built: Project, device: FakeDevice) -> None:
    ninja = built.root / "one-ninja"
    ninja.write_text(NINJA)
    ninja.chmod(0o755)
    gate = built.build / "gate"
    os.mkfifo(gate)
    built.describe(ninja=str(ninja))
    built.write("a.c", body(2))
    command = ["reload", "--build", str(built.build), "--url", device.url]
    first = Watch(built.start(*command))
    first.wait_for("compiling")
    second = Watch(built.start(*command))
    waiting = second.wait_for("Waiting for ")[-1]
    assert waiting == (
        f"Waiting for 'reload' (process {first.process.pid}), which builds in {built.build}"
    )
    gate.write_text("go\n")
    first.wait_for("Reloaded whole ")
    second.wait_for("compiling")
    gate.write_text("go\n")
    second.wait_for("Reloaded whole ")
    assert (first.process.wait(), second.process.wait()) == (0, 0)
    assert device.uploads == [(built.out / "module.bin").read_bytes()] * 2


def test_link_waits_for_a_build(built: Project) -> None:
    fcntl = pytest.importorskip("fcntl")
    with open(built.out / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("somebody")
        lock.flush()
        link = Watch(built.start("link", str(built.build)))
        link.wait_for(f"Waiting for somebody, which builds in {built.build}")
        assert link.process.poll() is None
    assert link.process.wait() == 0


@pytest.mark.parametrize(
    "words, name",
    [("idf.py -p /dev/ttyUSB0 watch --whole", "watch"), ("a_program_of_its_own", "hotreload")],
)
def test_owner_of_the_lock(
    built: Project, monkeypatch: pytest.MonkeyPatch, words: str, name: str
) -> None:
    """The command, whatever options of idf.py stand before it."""
    pytest.importorskip("fcntl")
    monkeypatch.setattr(sys, "argv", words.split())
    with build_lock(load_description(str(built.build))):
        assert (built.out / "lock").read_text() == f"'{name}' (process {os.getpid()})"


def test_a_file_is_replaced_not_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with path.open() as reader:
        assert write_if_changed(str(path), "new")
        assert (reader.read(), path.read_text()) == ("old", "new")
    assert not write_if_changed(str(path), "new")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ToolError, match="cannot write .*file: No space"):
        with replacing(str(path)) as temporary:
            Path(temporary).write_text("half")
            raise OSError(28, "No space left on device")
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and path.read_text() == "old"


def test_a_linked_module_replaces_the_old_one(built: Project) -> None:
    with (built.out / "module.elf").open("rb") as reader:
        built.write("a.c", body(2))
        built.compile()
        built.tool("link", str(built.build))
        assert reader.read() != (built.out / "module.elf").read_bytes()
        built.write("a.c", "int gone(void); int f(void) { return gone(); }\n")
        built.compile()
        built.fail("link", str(built.build))
    assert (built.out / "module.elf").exists(), "what runs can still be debugged"


def test_full_disk_and_lock(built: Project) -> None:
    """The text in the lock is only for messages."""
    (built.out / "lock").unlink()
    (built.out / "lock").symlink_to("/dev/full")
    built.tool("link", str(built.build))


@pytest.mark.parametrize("is_waiting", [False, True])
def test_file_system_without_locks(
    built: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    is_waiting: bool,
) -> None:  # fmt: skip
    """One command alone needs none; the user is told once."""
    fcntl = pytest.importorskip("fcntl")
    codes = [errno.EAGAIN] if is_waiting else []
    left = [*codes, errno.ENOLCK, *codes, errno.ENOTSUP, *codes, errno.EIO]

    def flock(file: object, how: int) -> None:
        code = left.pop(0)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    description = load_description(str(built.build))
    for _ in range(2):
        with build_lock(description):
            pass
    assert capsys.readouterr().err.count("one command at a time") == 1
    with pytest.raises(ToolError, match="cannot lock .*lock: Input/output error"):
        with build_lock(description):
            pass

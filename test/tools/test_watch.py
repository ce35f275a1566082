"""`watch`: an edit is reloaded, whatever the editor does and whatever went wrong before.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from fake_device import FakeDevice
from hotreload.commands.checkout import find_checkout
from hotreload.commands.saved import Saved
from project import TOOLS, Project, hide

# How long to wait for something that should come: generous, nothing is measured.
PATIENCE = 60.0

# How the last line of a reload begins.
LAST = ("Reloaded whole ", "Patched: ", "No change: ", "Not reloaded: ", "Not sent: ")


class Watch:
    """A running `watch` and the lines that it prints."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: List[str] = []
        self._queue: "queue.Queue[str]" = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))

    def wait_for(self, *texts: str) -> List[str]:
        """Waits for a line with one of the texts; returns the lines up to it."""
        seen: List[str] = []
        while not seen or not any(text in seen[-1] for text in texts):
            try:
                seen.append(self._queue.get(timeout=PATIENCE))
            except queue.Empty:
                raise AssertionError(f"no {texts} after {self.lines + seen}") from None
        self.lines += seen
        return seen

    def __enter__(self) -> "Watch":
        """Waits until the board is up to date, or cannot be."""
        self.wait_for("Ctrl+C stops")
        self.wait_for(*LAST)
        return self

    def __exit__(self, kind: Any, *_rest: Any) -> None:
        code = self.stop()
        assert kind is not None or code == 0

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture(params=["notified", "polling"])
def watch(request: pytest.FixtureRequest, built: Project, device: FakeDevice) -> Iterator[Watch]:
    if request.param == "notified":
        pytest.importorskip("watchdog")
    how = {"notified": "notified by the system", "polling": "every 0.05 s"}[request.param]
    path = TOOLS if request.param == "notified" else hide(built.root, "watchdog")
    with start(built, device.url, path=path) as watch:
        assert f"Watching {built.sources} ({how}" in watch.lines[0]
        yield watch


def start(project: Project, url: str, *more: str, path: str = TOOLS) -> Watch:
    arguments = ["watch", "--build", str(project.build), "--url", url, *more]
    return Watch(project.start(*arguments, PYTHONPATH=path))


def body(number: int) -> str:
    return f"int f(void) {{ return {number}; }}\n"


def test_error_under_a_python_without_elftools(built: Project, device: FakeDevice) -> None:
    with start(built, device.url, path=hide(built.root, "elftools")) as watch:
        for source, words in {
            "int f(void) { return }\n": "the reloadable components do not compile",
            "int g(void); int f(void) { return g(); }\n": "f needs 'g'",
        }.items():
            built.write("a.c", source)
            watch.wait_for(words)
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")


def test_edit_in_place(watch: Watch, built: Project, device: FakeDevice) -> None:
    built.write("a.c", body(2))
    seen = watch.wait_for("Reloaded whole ")
    assert seen[0] == "Changed: a.c"
    assert device.uploads[1:] == [(built.out / "module.bin").read_bytes()]
    built.write("a.c", body(3))
    watch.wait_for("Reloaded whole ")
    assert len(set(device.uploads)) == 3


def test_editor_that_replaces_the_file(watch: Watch, built: Project, device: FakeDevice) -> None:
    for number in (2, 3):
        temporary = built.write(".a.c.swp", body(number))
        os.replace(temporary, built.sources / "a.c")
        watch.wait_for("Reloaded whole ")
    assert len(set(device.uploads)) == 3


def test_editor_that_keeps_a_backup(watch: Watch, built: Project, device: FakeDevice) -> None:
    os.rename(built.sources / "a.c", built.sources / "a.c~")
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    assert device.uploads[1:] == [(built.out / "module.bin").read_bytes()]


def test_new_directory_with_a_header(watch: Watch, built: Project, device: FakeDevice) -> None:
    include = '#if __has_include("new/value.h")\n#include "new/value.h"\n#endif\n'
    built.write("a.c", include + body(2))
    watch.wait_for("Reloaded whole ")
    (built.sources / "new").mkdir()
    (built.sources / "new/value.h").write_text("#define NOTHING\n")
    assert "Changed: value.h" in watch.wait_for("Changed: ")[-1]
    watch.wait_for("No change: ")
    assert len(device.uploads) == 2


def test_interrupt_beside_the_wait(watch: Watch) -> None:
    """A signal that comes just before the wait does not end it, as if another thread gets it."""
    pid = watch.process.pid
    quiet = 0
    for _ in range(1000):  # Until the main thread waits for an event.
        quiet = quiet + 1 if "futex" in Path(f"/proc/{pid}/task/{pid}/wchan").read_text() else 0
        if quiet == 30:
            break
        time.sleep(0.01)
    other = max(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    assert other != pid
    assert ctypes.CDLL(None).tgkill(pid, other, int(signal.SIGINT)) == 0
    assert watch.process.wait(timeout=PATIENCE) == 0


def test_other_files_are_ignored(watch: Watch, built: Project, device: FakeDevice) -> None:
    for name in ("a.c~", ".a.c.swp", ".#a.c", "#a.c#", "4913", "notes.txt", "a.c.bak", "a.o"):
        built.write(name, "anything")
    os.stat(built.sources / "a.c")
    (built.sources / "a.c").read_text()
    built.write("a.c", body(2))
    seen = watch.wait_for("Reloaded whole ")
    assert {line for line in seen if line.startswith("Changed")} == {"Changed: a.c"}


def test_files_elsewhere(watch: Watch, built: Project, device: FakeDevice) -> None:
    """Known from the build before, since when they are watched."""
    header = built.root / "elsewhere.h"
    source = built.root / "elsewhere.inc.txt"
    header.write_text("#define VALUE 2\n")
    source.write_text("return VALUE;\n")
    lines = ["int f(void) {", f'#include "{source}"', "}", ""]
    built.write("a.c", '#include "../elsewhere.h"\n' + "\n".join(lines))
    watch.wait_for("Reloaded whole ")
    header.write_text("#define VALUE 3\n")
    assert "Changed: elsewhere.h" in watch.wait_for("Reloaded whole ")
    source.write_text("return VALUE + 1;\n")
    assert "Changed: elsewhere.inc.txt" in watch.wait_for("Reloaded whole ")
    assert len(set(device.uploads)) == 4


def test_symbolic_links(built: Project, device: FakeDevice) -> None:
    elsewhere = built.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "value.h").write_text("#define VALUE 2\n")
    (elsewhere / "b.c").write_text("int g(void) { return 2; }\n")
    (built.sources / "linked").symlink_to(elsewhere)
    (built.sources / "b.c").symlink_to("linked/b.c")
    include = '#include "linked/value.h"\n'
    built.write("a.c", include + "int f(void) { return VALUE; }\n")
    built.make()
    with start(built, device.url) as watch:
        (elsewhere / "value.h").write_text("#define VALUE 3\n")
        assert "Changed: value.h" in watch.wait_for("Reloaded whole ")
        (elsewhere / "b.c").write_text("int g(void) { return 3; }\n")
        assert "Changed: b.c" in watch.wait_for("Reloaded whole ")
        other = built.root / "c.c"
        other.write_text("int g(void) { return 4; }\n")
        (built.sources / "b.c").unlink()
        (built.sources / "b.c").symlink_to(other)
        watch.wait_for("Reloaded whole ")
        (elsewhere / "new.h").write_text("/* Which ninja does not know of. */\n")
        assert "Changed: new.h" in watch.wait_for("No change: ")
    assert len(set(device.uploads)) == 4


def test_inputs_of_generators(built: Project, device: FakeDevice) -> None:
    built.write("a.c", '#include "page.h"\nint f(void) { return VALUE; }\n')
    page = built.generate()
    with start(built, device.url) as watch:
        page.write_text("#define VALUE 3\n")
        assert "Changed: index.html" in watch.wait_for("Reloaded whole ")
        page.write_text("#define VALUE 4\n")
        watch.wait_for("Reloaded whole ")
    assert len(set(device.uploads)) == 3


def test_old_time_stamp(watch: Watch, built: Project, device: FakeDevice) -> None:
    for number in (2, 3):
        backup = built.root / "backup.c"
        backup.write_text(body(number))
        os.utime(backup, (1000, 1000))
        os.replace(backup, built.sources / "a.c")
        watch.wait_for("Reloaded whole ")
    assert len(set(device.uploads)) == 3


# Python drops an exception that a signal raises in a destructor.
_DESTRUCTOR = f"""
import time
from hotreload.commands import updater

class Object:
    def __del__(self):
        print("In a destructor", flush=True)
        time.sleep({PATIENCE})

updater.report_success = lambda *_: Object()
"""


def test_interrupt_in_a_destructor(built: Project, device: FakeDevice) -> None:
    (built.root / "usercustomize.py").write_text(_DESTRUCTOR)
    watch = start(built, device.url, path=f"{TOOLS}{os.pathsep}{built.root}")
    watch.wait_for("In a destructor")
    assert watch.stop() == 0


def test_unchanged_module_is_not_sent(watch: Watch, built: Project, device: FakeDevice) -> None:
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    built.write("a.c", "/* a comment */ " + body(2))
    assert "the device runs this already" in watch.wait_for("No change: ")[-1]
    assert len(device.uploads) == 2


def test_a_save_without_a_change_compiles_nothing(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    def save(number: int) -> None:
        """In one step, so that nothing sees half of it."""
        built.write("a.new", body(number))
        os.replace(built.sources / "a.new", built.sources / "a.c")

    save(2)
    assert "Compiled a.c" in watch.wait_for("Reloaded whole ")
    save(2)
    assert "Compiled a.c" not in watch.wait_for("No change: ")
    save(1)
    watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 3 and device.uploads[0] == device.uploads[2]


def test_a_save_without_a_change_repeats_what_went_wrong(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    broken = "int f(void) { return }\n"
    for _ in range(2):
        built.write("a.c", broken)
        watch.wait_for("Not reloaded: compile failed")
    device.refuse = (503, {"status": "error", "error": "an upload is under way"})
    for _ in range(2):
        built.write("a.c", body(2))
        watch.wait_for("Not reloaded: upload failed")
    device.refuse = None
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    device.uploads.append(b"of somebody else")
    built.write("a.c", body(2))
    watch.wait_for("so that is sent again: it runs another")
    watch.wait_for("Reloaded whole ")


def test_a_file_that_changed_while_it_was_compiled(tmp_path: Path) -> None:
    """And changed back: nobody knows which state the compiler has read."""
    source, saved = tmp_path / "a.c", Saved()
    for meanwhile, is_known in ((), True), (("b", "a"), False):
        source.write_text("a")
        saved.read([str(source)])
        before = source.stat().st_ctime_ns
        for text in meanwhile:
            source.write_text(text)
        while meanwhile and source.stat().st_ctime_ns == before:
            source.touch()  # The system's clock has ticks of some milliseconds.
        saved.check()
        assert saved.has([str(source)]) == is_known


def test_what_the_device_went_back_from_is_sent_again(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    device.more.update(sequence=0, rollback="module 1 crashed on trial, the flashed module runs")
    built.write("a.c", "/* the same code */ " + body(2))
    told = watch.wait_for("so that is sent again: ")[-1]
    assert told.endswith("module 1 crashed on trial, the flashed module runs")
    device.more.clear()
    watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 3 and len(set(device.uploads)) == 2


def test_what_crashed_is_not_sent_without_being_asked_for(
    built: Project, device: FakeDevice
) -> None:
    """Not at the start, nor when the board is back after the crash: it would crash for ever."""
    device.rollback = "module 1 crashed on trial, the flashed module runs"
    with start(built, device.url) as watch:
        assert "module 1 crashed on trial" in watch.lines[-1] and device.uploads == []
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 1


def test_what_another_has_replaced_is_sent_again(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    device.uploads.append(b"of somebody else")
    built.write("a.c", "/* the same code */ " + body(2))
    watch.wait_for("so that is sent again: it runs another")
    watch.wait_for("Reloaded whole ")
    assert device.uploads[1] == device.uploads[3]


def test_goes_on_after_a_failed_build(watch: Watch, built: Project, device: FakeDevice) -> None:
    built.write("a.c", "int f(void) { return }\n")
    seen = watch.wait_for("Not reloaded: compile failed")
    assert any("a.c:1:" in line and "error: expected expression" in line for line in seen)
    assert len(device.uploads) == 1
    built.write("a.c", "int gone(void); int f(void) { return gone(); }\n")
    watch.wait_for("Not reloaded: link failed")
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 2


def test_goes_on_after_a_refusal(watch: Watch, built: Project, device: FakeDevice) -> None:
    device.refuse = (503, {"status": "error", "error": "an upload is under way"})
    built.write("a.c", body(2))
    watch.wait_for("Not reloaded: upload failed")
    device.refuse = None
    built.write("a.c", "/* again */ " + body(2))
    watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 2, "what was refused is not taken for sent"


def test_a_device_that_comes_later(built: Project, device: FakeDevice) -> None:
    """It is not there at the start; what was saved meanwhile is sent when it comes."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with start(built, f"http://127.0.0.1:{port}") as watch:
            assert any("nothing listens" in line for line in watch.lines)
            assert "gets it when it answers" in watch.lines[-1]
            built.write("a.c", body(2))
            watch.wait_for("Not sent: ")
            unused.close()
            late = FakeDevice(device.secret, port)
            watch.wait_for("Reloaded whole ")
            assert late.uploads == [(built.out / "module.bin").read_bytes()]
            built.write("a.c", body(3))
            watch.wait_for("Reloaded whole ")
    late.close()


def test_a_device_that_restarts_in_the_middle_of_an_upload(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    device.raw_answer = b""
    device.cuts_uploads_only = True
    built.write("a.c", body(2))
    watch.wait_for("Not reloaded: upload failed")
    device.raw_answer = None
    watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 2


def test_a_device_that_restarts_after_an_upload(built: Project, device: FakeDevice) -> None:
    """It is brought up to date before the next save, as after a crash or a loss of power."""
    device.trial = True
    with start(built, device.url) as watch:
        device.goes_after_upload = True
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
        deadline = time.monotonic() + PATIENCE
        while device.requests[-2:] != ["GET /status"] * 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # The first of them got no answer.
        device.uploads.append(b"what it has after that")
        device.goes_after_upload, device.raw_answer = False, None
        watch.wait_for("Reloaded whole ")
    assert device.uploads[1] == device.uploads[3]


def test_many_changes_are_one_reload(built: Project, device: FakeDevice) -> None:
    with start(built, device.url, "--debounce", "3.0") as watch:
        for number in range(2, 7):
            built.write("a.c", body(number))
            built.write("b.h", f"/* {number} */\n")
        assert watch.wait_for("Changed: ")[-1] in ("Changed: a.c, b.h", "Changed: b.h, a.c")
        watch.wait_for("Reloaded whole ")
        assert device.uploads[1:] == [(built.out / "module.bin").read_bytes()]


def test_firmware_rebuilt_while_watching(built: Project, device: FakeDevice) -> None:
    with start(built, device.url) as watch:
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
        built.firmware_source = built.firmware_source.replace(
            "used_table = ", "used_table = 0; used_table = "
        )
        built.link_firmware()
        built.write("a.c", "/* same code */ " + body(2))
        watch.wait_for("Reloaded whole ")
        assert len(set(device.uploads)) == 3, "the module names its firmware"


def test_stops_by_interrupt(watch: Watch, built: Project, device: FakeDevice) -> None:
    assert watch.stop() == 0
    assert watch.wait_for("Stopped watching.")


def test_stops_by_interrupt_while_building(built: Project, device: FakeDevice) -> None:
    with start(built, device.url) as watch:
        built.describe(ninja=str(slow_ninja(built)))
        built.write_ninja()  # So that it is for ninja to build.
        built.write("a.c", body(2))
        watch.wait_for("building slowly")
        assert watch.stop() == 0
        assert not any("Traceback" in line for line in watch.wait_for("Stopped watching."))


def slow_ninja(project: Project) -> Path:
    script = project.root / "slow-ninja"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *-n*) exec ninja "$@";; esac\necho building slowly\nexec sleep 5\n'
    )
    script.chmod(0o755)
    return script


def test_nothing_to_watch(built: Project, device: FakeDevice) -> None:
    command = ["watch", "--build", str(built.build), "--url", device.url]
    built.describe(watch_dirs=[str(built.root / "none")])
    assert "no such directory; run CMake again" in built.fail(*command)
    built.describe()


def test_inside_the_build_directory_nothing_counts(built: Project, device: FakeDevice) -> None:
    built.describe(watch_dirs=[str(built.root)])
    with start(built, device.url) as watch:
        (built.build / "generated.c").write_text("int x;\n")
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")
        assert {line for line in watch.lines if line.startswith("Changed")} == {"Changed: a.c"}


def test_a_directory_that_goes_and_comes_back(
    watch: Watch, built: Project, device: FakeDevice
) -> None:
    """As by a checkout of a branch that lacks it; what is new in it is noticed as before."""
    built.sources.rename(built.root / "gone")
    watch.wait_for("Not reloaded: ")
    built.sources.mkdir()
    for number in (2, 3):  # From the end of the first on, the new directory is watched.
        built.write("a.c", body(number))
        watch.wait_for("Reloaded whole ")
    built.write("new.h", "/* Which ninja does not know of. */\n")
    assert "Changed: new.h" in watch.wait_for("No change: ")


# ---- git ----


def git(project: Project, *arguments: str) -> None:
    settings = ["-c", "user.name=test", "-c", "user.email=test@test", "-c", "core.hooksPath=none"]
    subprocess.run(["git", "-C", str(project.root), *settings, *arguments], check=True)


def test_a_checkout_is_one_reload(built: Project, device: FakeDevice) -> None:
    """Files of both branches together do not compile."""
    git(built, "init", "-q", "-b", "one")
    names = [f"part{number}.h" for number in range(300)]
    for branch, number in (("one", 2), ("two", 3)):
        checks = "".join(
            f'#include "{name}"\n#if PART != {number}\n#error mixed\n#endif\n' for name in names
        )
        git(built, "checkout", "-q", "-B", branch)
        for name in names:
            built.write(name, f"#undef PART\n#define PART {number}\n")
        built.write("a.c", checks + body(number))
        git(built, "add", "component")
        git(built, "commit", "-q", "-m", branch)
    with start(built, device.url) as watch:
        git(built, "checkout", "-q", "one")
        seen = watch.wait_for("Reloaded whole ")
        assert len([line for line in seen if line.startswith("Changed: ")]) == 1
        assert not any("mixed" in line or "Not reloaded" in line for line in seen)
        built.write("a.c", body(4))
        watch.wait_for("Reloaded whole ")
    assert len(device.uploads) == 3


def test_a_reload_waits_for_git(watch: Watch, built: Project, device: FakeDevice) -> None:
    lock = built.root / ".git" / "index.lock"
    lock.parent.mkdir()
    lock.touch()
    built.write("a.c", "the first half\n")
    assert str(lock) in watch.wait_for("the reload waits for it")[-1]
    built.write("a.c", body(2))
    built.write("b.h", "\n")
    lock.unlink()
    seen = watch.wait_for("Reloaded whole ")
    assert [line for line in seen if line.startswith("Changed: ")] == ["Changed: a.c, b.h"]


def test_where_git_has_its_lock(tmp_path: Path) -> None:
    """In a second work tree and in a submodule, too."""
    repository, tree = tmp_path / "repository", tmp_path / "tree"
    (tree / "component").mkdir(parents=True)
    repository.mkdir()
    directories = [str(tmp_path), str(tree / "component")]
    assert find_checkout(directories) is None
    (tree / ".git").write_text(f"gitdir: {repository}\n")
    assert find_checkout(directories) is None
    (repository / "index.lock").touch()
    assert find_checkout(directories) == str(repository / "index.lock")
    (tree / ".git").write_text("gitdir: ../repository\n")
    assert find_checkout(directories) == str(tree / "../repository/index.lock")

"""`watch` compiles a few objects without ninja, and what it sends is what ninja would have built.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterator, List

import pytest

from fake_device import FakeDevice
from hotreload.checks.snapshot import Snapshot
from hotreload.commands.generated import Generated
from project import Project
from test_watch import LAST, Watch, body, start

WITHOUT_NINJA = "Compiled "


@pytest.fixture
def watching(built: Project, device: FakeDevice) -> Iterator[Watch]:
    with start(built, device.url) as watch:
        yield watch


def wait(watch: Watch, *without_ninja: str) -> None:
    """Waits for the reload, which must have compiled these files, and no others, without ninja."""
    seen = watch.wait_for(*LAST)
    compiled = [line[len(WITHOUT_NINJA) :] for line in seen if line.startswith(WITHOUT_NINJA)]
    assert compiled == [*without_ninja], seen
    assert not any("time stamp is old" in line for line in seen), seen
    assert bool(without_ninja) != any("ninja" in line or "[1/" in line for line in seen), seen


def newest(device: FakeDevice, project: Project) -> bytes:
    """What was uploaded last; must be what ninja makes of the sources."""
    for path in project.build.glob("*.o"):
        path.unlink()
    subprocess.run(["ninja", "hotreload_objects"], cwd=project.build, check=True)
    assert project.link() == device.uploads[-1]
    return device.uploads[-1]


def test_source(watching: Watch, built: Project, device: FakeDevice) -> None:
    for number in (2, 3):
        built.write("a.c", body(number))
        wait(watching, "a.c")
    assert not list(built.build.glob("*.d"))
    newest(device, built)
    assert len(set(device.uploads)) == 3


def test_headers(built: Project, device: FakeDevice) -> None:
    """One is included by one source, one by all; their names have signs that make knows."""
    several = range((os.cpu_count() or 1) + 1)
    one = built.write("one $x #1.h", "#define ONE 1\n")
    every = built.write("every.h", "#define EVERY 1\n")
    for number in several:
        text = f'#include "every.h"\nint f{number}(void) {{ return EVERY; }}\n'
        built.write(f"f{number}.c", text)
    built.write("a.c", f'#include "{one.name}"\nint f(void) {{ return ONE; }}\n')
    built.make()
    with start(built, device.url) as watch:
        one.write_text("#define ONE 2\n")
        wait(watch, "a.c")
        one.write_text("#define ONE 3\n")
        wait(watch, "a.c")
        every.write_text("#define EVERY 2\n")
        wait(watch)
        one.write_text("#define ONE 4\n")
        wait(watch, "a.c")
    newest(device, built)
    assert len(set(device.uploads)) == 5


def test_new_include(watching: Watch, built: Project, device: FakeDevice) -> None:
    """It is watched from then on."""
    built.write("a.c", '#include "value.h"\nint f(void) { return VALUE; }\n')
    header = built.root / "value.h"
    built.flags.append(f"-I{built.root}")
    assert "value.h" in "".join(watching.wait_for("Not reloaded: compile failed"))
    built.write("a.c", f'#include "{header}"\nint f(void) {{ return VALUE; }}\n')
    watching.wait_for("Not reloaded: compile failed")
    header.write_text("#define VALUE 2\n")
    built.write("a.c", f'#include "{header}"\nint f(void) {{ return VALUE + 1; }}\n')
    wait(watching)
    for number in (3, 4):
        header.write_text(f"#define VALUE {number}\n")
        watching.wait_for("Reloaded whole ")
    newest(device, built)
    assert len(set(device.uploads)) == 4


def test_error_is_ninjas(watching: Watch, built: Project, device: FakeDevice) -> None:
    for _ in range(2):
        built.write("a.c", "int f(void) { return }\n")
        seen = watching.wait_for("Not reloaded: compile failed")
        assert sum("expected expression" in line for line in seen) == 1, seen
        assert any("FAILED: " in line for line in seen)
    built.write("a.c", body(2))
    wait(watching)
    built.write("a.c", body(3))
    wait(watching, "a.c")
    newest(device, built)


def test_warning_is_shown_once(watching: Watch, built: Project) -> None:
    built.write("a.c", "#warning look here\n" + body(2))
    seen = watching.wait_for(*LAST)
    assert sum("#warning look here [-Wcpp]" in line for line in seen) == 1, seen


def test_generated_header_that_was_not_read(built: Project, device: FakeDevice) -> None:
    """Ninja knows what it is made from."""
    page = built.generate()
    with start(built, device.url) as watch:
        page.write_text("#define VALUE 7\n")
        built.write("a.c", body(2))
        watch.wait_for(*LAST)
        built.write("a.c", '#include "page.h"\nint f(void) { return VALUE; }\n')
        seen = watch.wait_for(*LAST)
        assert any("[1/" in line for line in seen), seen
        newest(device, built)
        page.write_text("#define VALUE 8\n")
        assert "Changed: index.html" in watch.wait_for("Reloaded whole ")
    newest(device, built)
    assert len(set(device.uploads)) == 4


def run_always(project: Project, command: str) -> None:
    """As CMake's add_custom_target() and add_dependencies() do."""
    project.generate()
    ninja = project.build / "build.ninja"
    rules = f"rule run\n  command = {command}\nbuild CMakeFiles/always: run\n"
    rules += f"build main.o: cc {project.write('main.h', '')}\n  flags = -x c\n"
    text = ninja.read_text().replace("|| page.h", "|| page.h CMakeFiles/always")
    ninja.write_text(text.replace("build firmware: phony ", f"{rules}build firmware: phony main.o "))
    subprocess.run(["ninja", "firmware"], cwd=project.build, check=True)


def test_target_that_is_always_run(built: Project, device: FakeDevice) -> None:
    """It may write what a source reads."""
    count = built.root / "count"
    run_always(built, f"echo run >> {count}")
    with start(built, device.url) as watch:
        for number in (2, 3):
            before = count.read_text()
            built.write("a.c", body(number))
            wait(watch)
            assert len(count.read_text()) > len(before)
        before = count.read_text()
        built.write("new.h", "/* Which no compiler reads, but the target may. */\n")
        watch.wait_for("No change: ", "Reloaded whole ")
        assert len(count.read_text()) > len(before)
    newest(device, built)


def test_target_that_writes_a_source_each_time(built: Project, device: FakeDevice) -> None:
    """Its change causes a reload, but not for ever."""
    count = built.write("count.h", "")
    built.write("a.c", '#include "count.h"\nint f(void) { return sizeof COUNT; }\n')
    count.write_text('#define COUNT "1"\n')
    run_always(built, f"sed -i s/1/11/ {count}")
    with start(built, device.url) as watch:
        told = watch.wait_for("Each build writes ")[-1]
        assert str(count) in told
        built.write("a.c", body(2))
        seen = watch.wait_for(*LAST)
        assert "Changed: a.c" in seen, seen


def test_what_counts_as_written_by_builds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never what has once changed while no build ran."""
    paths = [str(tmp_path / name) for name in ("made.h", "edited.c")]
    for path in paths:
        Path(path).touch()
    changed = os.stat(paths[0]).st_ctime_ns
    generated = Generated()
    assert generated.drop(paths[1:], changed + 10**9, changed + 2 * 10**9) == paths[1:]
    for _ in range(4):
        assert generated.drop(paths, changed - 10**9, changed + 10**9) == paths
    assert capsys.readouterr().out == ""
    for _ in range(2):
        assert generated.drop(paths, changed - 10**9, changed + 10**9) == paths[1:]
    assert capsys.readouterr().out.count(paths[0]) == 1


@pytest.mark.parametrize("command", ["reload", "watch"])
def test_target_that_writes_what_the_firmware_reads(
    built: Project, device: FakeDevice, command: str
) -> None:
    """Nobody knows before it is run."""
    run_always(built, f"test ! -e {built.root}/now || echo //again >> {built.sources}/main.h")
    if command == "watch":
        with start(built, device.url) as watch:
            (built.root / "now").touch()
            built.write("a.c", body(2))
            seen = watch.wait_for(*LAST)
    else:
        place = ["--build", str(built.build), "--url", device.url]
        built.tool("reload", *place)
        (built.root / "now").touch()
        seen = built.fail("reload", *place).splitlines()
    assert any("main.h has changed, which main.o is made from" in line for line in seen), seen
    assert seen[-1].startswith("Not reloaded: the firmware has to be flashed")
    assert len(device.uploads) == 1


def test_what_another_has_done(built: Project, device: FakeDevice) -> None:
    """An object is removed, the build is configured."""
    built.write("b.c", "int g(void) { return 1; }\n")
    built.make()
    with start(built, device.url) as watch:
        (built.build / "b.c.o").unlink()
        built.write("a.c", body(2))
        wait(watch)
        built.write("a.c", body(3))
        wait(watch, "a.c")
        built.flags.append("-DVALUE=4")
        built.write_ninja()
        built.write("a.c", "int f(void) { return VALUE; }\n")
        wait(watch)
    newest(device, built)
    assert len(set(device.uploads)) == 4


def test_ninja_takes_over(watching: Watch, built: Project, device: FakeDevice) -> None:
    """It was not told of what was compiled, and makes the same of it."""
    built.write("a.c", body(2))
    wait(watching, "a.c")
    assert watching.stop() == 0
    text = built.tool("reload", "--build", str(built.build), "--url", device.url)
    assert "[1/1]" in text
    assert device.uploads[-1] == device.uploads[-2] == newest(device, built)


def test_interrupt(built: Project, device: FakeDevice) -> None:
    """While the compiler waits for a file."""
    pipe = built.root / "pipe.h"
    os.mkfifo(pipe)
    with start(built, device.url) as watch:
        built.write("a.c", f'#include "{pipe}"\n' + body(2))
        with pipe.open("w"):  # Waits for the compiler.
            watch.process.send_signal(2)
        assert watch.process.wait(timeout=60) == 0
        assert not any("Traceback" in line for line in watch.wait_for("Stopped watching."))


def test_snapshot(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in "abc"]

    def touch(*names: str) -> List[str]:
        for name in names:
            (tmp_path / name).write_text("x" * 9 + str(os.urandom(9)))
        return [str(tmp_path / name) for name in names]

    snapshot = Snapshot()
    assert not snapshot.go_on([]) and not snapshot.is_valid()
    touch("a", "b")
    snapshot.begin(files)
    assert not snapshot.is_valid(), "it has not succeeded"
    assert snapshot.changed([*files, "/new"]) == {"/new"}
    snapshot.succeed()
    assert snapshot.is_valid()
    assert snapshot.go_on(touch("a")) and not snapshot.is_valid()
    assert snapshot.changed(files) == set() and touch("c") == sorted(snapshot.changed(files))
    snapshot.succeed(touch("c"))
    assert snapshot.is_valid()
    touch("b")
    assert not snapshot.is_valid()

"""Changes that ninja cannot see, because the file got an old time stamp.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Optional

import pytest

from fake_device import FakeDevice
from hotreload.checks import inputs
from hotreload.description import load_description
from hotreload.errors import ToolError
from project import Project
from test_watch import body

OLD = "though its time stamp is old"


def restore(path: Path, text: str) -> None:
    """As cp -p, rsync and backups do."""
    path.write_text(text)
    os.utime(path, (1000, 1000))


def reload(project: Project, device: FakeDevice) -> str:
    return project.tool("reload", "--build", str(project.build), "--url", device.url)


def fail(project: Project, device: FakeDevice) -> str:
    return project.fail("reload", "--build", str(project.build), "--url", device.url)


def add_to_ninja(project: Project, rules: str, to_firmware: str = "") -> None:
    ninja = project.build / "build.ninja"
    text = ninja.read_text().replace("build firmware: phony ", f"build firmware: phony {to_firmware} ")
    ninja.write_text(text + rules)
    subprocess.run(["ninja", "firmware"], cwd=project.build, check=True)


def test_restored_source(built: Project, device: FakeDevice) -> None:
    assert OLD not in reload(built, device)
    restore(built.sources / "a.c", body(2))
    assert f"{built.sources / 'a.c'} has changed, {OLD}" in reload(built, device)
    assert OLD not in reload(built, device), "it was made"
    assert device.uploads[0] != device.uploads[1] == device.uploads[2]


def test_restored_source_that_was_moved(built: Project, device: FakeDevice) -> None:
    reload(built, device)
    backup = built.root / "backup.c"
    restore(backup, body(2))
    os.replace(backup, built.sources / "a.c")
    assert OLD in reload(built, device)
    assert device.uploads[0] != device.uploads[1]


def test_restored_header_of_one_of_two_sources(built: Project, device: FakeDevice) -> None:
    header = built.write("value.h", "#define VALUE 1\n")
    built.write("a.c", '#include "value.h"\nint f(void) { return VALUE; }\n')
    built.write("b.c", "int g(void) { return 1; }\n")
    built.make()
    other = (built.build / "b.c.o").stat()
    reload(built, device)
    restore(header, "#define VALUE 2\n")
    assert OLD in reload(built, device)
    assert device.uploads[0] != device.uploads[1]
    assert (built.build / "b.c.o").stat() == other


@pytest.mark.parametrize("linked", [False, True])
def test_restored_directory(built: Project, device: FakeDevice, linked: bool) -> None:
    backup = built.root / "backup"
    backup.mkdir()
    restore(backup / "a.c", body(2))
    os.utime(built.sources / "a.c", (1000, 1000))
    if linked:
        os.rename(built.sources, built.root / "first")
        built.sources.symlink_to(built.root / "first")
    (built.build / "a.c.o").unlink()
    built.make()
    assert OLD not in reload(built, device)
    if linked:
        built.sources.unlink()
        built.sources.symlink_to(backup)
    else:
        os.rename(built.sources, built.root / "first")
        os.rename(backup, built.sources)
    assert OLD in reload(built, device)
    assert device.uploads[0] != device.uploads[1]


def test_restored_input_of_a_generator(built: Project, device: FakeDevice) -> None:
    text = built.root / "value.txt"
    text.write_text("#define VALUE 1\n")
    built.write("a.c", '#include "value.h"\nint f(void) { return VALUE; }\n')
    built.flags.append(f"-I{built.build}")
    built.write_ninja()
    ninja = (built.build / "build.ninja").read_text()
    ninja = ninja.replace(f"{built.sources}/a.c", f"{built.sources}/a.c || value.h")
    (built.build / "build.ninja").write_text(ninja)
    rule = "rule copy\n  command = cp $in $out\n  restat = 1\n"
    add_to_ninja(built, f"{rule}build value.h | {built.build}/value.h: copy {text}\n")
    reload(built, device)
    restore(text, "#define VALUE 2\n")
    assert f"{text} has changed, {OLD}" in reload(built, device)
    assert device.uploads[0] != device.uploads[1]


def test_restored_header_of_the_firmware(built: Project, device: FakeDevice) -> None:
    header = built.write("value.h", "#define VALUE 1\n")
    built.write("a.c", '#include "value.h"\nint f(void) { return VALUE; }\n')
    main = built.root / "main.c"
    main.write_text(f'#include "{header}"\n')
    add_to_ninja(built, f"build main.o: cc {main}\n", "main.o")
    reload(built, device)
    restore(header, "#define VALUE 2\n")
    text = fail(built, device)
    assert OLD in text and "main.o has not been built" in text and len(device.uploads) == 1
    subprocess.run(["ninja", "firmware"], cwd=built.build, check=True)
    assert OLD not in reload(built, device), "the firmware was built"


def test_restored_script_of_cmake(built: Project, device: FakeDevice) -> None:
    script = built.write("CMakeLists.txt", "")
    rule = "rule cmake\n  command = touch $out\n  generator = 1\n"
    add_to_ninja(built, f"{rule}build build.ninja: cmake | {script}\n")
    reload(built, device)
    restore(script, "# another\n")
    text = fail(built, device)
    assert f"{script} has changed, {OLD}" in text and "CMakeLists.txt has changed" in text
    subprocess.run(["ninja", "firmware"], cwd=built.build, check=True)
    assert OLD not in reload(built, device), "CMake was run"


def test_source_that_vanishes(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks at it; an editor puts another one there at once."""
    description = load_description(str(built.build))
    found = inputs.InputFiles(description)
    found.refresh(description)
    look = inputs._state_of

    def vanish(path: str) -> Optional[os.stat_result]:
        state = look(path)
        if os.path.basename(path) == "a.c":
            os.remove(path)
        return state

    monkeypatch.setattr(inputs, "_state_of", vanish)
    source, output = built.sources / "a.c", built.build / "a.c.o"
    stale = [inputs.Stale(str(output), str(source))]
    assert found.stale([]) == stale


def test_output_that_vanishes(built: Project) -> None:
    """Another command removes it; or it cannot be removed."""
    description = load_description(str(built.build))
    found = inputs.InputFiles(description)
    found.refresh(description)
    output, source = built.build / "a.c.o", str(built.sources / "a.c")
    stale = [inputs.Stale(path, source) for path in (str(output), found._path("build.ninja"))]
    output.unlink()
    assert found.forget(stale, []) == {one.output for one in stale}
    (built.build / "build.ninja").rename(built.build / "gone.ninja")
    inputs._make_old(stale[1].output)
    (built.build / "gone.ninja").rename(built.build / "build.ninja")
    output.mkdir()
    with pytest.raises(ToolError, match="cannot remove .*a.c.o"):
        found.forget(stale, [])

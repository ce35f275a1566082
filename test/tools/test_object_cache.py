"""An object file is read when it is another than the last time, and only then.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Callable, List

import pytest

from fake_device import FakeDevice
from hotreload.checks import debug_types
from hotreload.checks.abi_guard import AbiGuard
from hotreload.description import load_description
from hotreload.errors import ToolError
from hotreload import builder as builders, records
from hotreload.module import object_cache
from hotreload.module.ninja_compile import compile_objects
from hotreload.module.elf import Elf
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.module.link import ModuleInputs, link_module
from hotreload.module.object_cache import ObjectCache, load_objects
from hotreload.module.own_symbols import read_own_symbols, symbols_from_json, symbols_to_json
from hotreload.records import encode, read_records, tools_key, write_records
from hotreload.report import Steps
from project import Project

NAMES = ["a", "b", "c"]


def body(name: str, number: int) -> str:
    return f"int {name}_data;\nint {name}(int x) {{ return x * {number} + {name}_data; }}\n"


class Readings:
    """Counts the object files that are read, and the debug data among it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: List[str] = []
        self.debug: List[str] = []

        class Counted(Elf):
            def __init__(elf, path: str, what: str, *more: Any, **named: Any) -> None:
                super().__init__(path, what, *more, **named)
                self.files.append(os.path.basename(path))

        class CountedDebug(debug_types.ObjectFile):
            def __init__(found, file: Elf) -> None:
                super().__init__(file)
                self.debug.append(os.path.basename(file.path))

        monkeypatch.setattr(object_cache, "Elf", Counted)
        monkeypatch.setattr(debug_types, "ObjectFile", CountedDebug)

    def take(self) -> List[str]:
        """The files read since the last time."""
        files, self.files[:], self.debug[:] = [*self.files], [], []
        return files


@pytest.fixture
def three(riscv: Project) -> Project:
    """A built project with three sources."""
    for name in NAMES:
        riscv.write(f"{name}.c", body(name, 3))
    riscv.make()
    return riscv


@pytest.fixture
def readings(three: Project, monkeypatch: pytest.MonkeyPatch) -> Readings:
    return Readings(monkeypatch)


def refresh(project: Project, cache: ObjectCache) -> None:
    """What one command does."""
    description = load_description(str(project.build))
    cache.refresh(description)
    AbiGuard().check(description, NAMES, cache)
    cache.save()


def test_next_command_reads_what_has_changed(three: Project, readings: Readings) -> None:
    refresh(three, ObjectCache())
    assert readings.take() == []
    three.write("b.c", body("b", 5))
    three.compile()
    refresh(three, ObjectCache())
    assert (readings.files, readings.debug) == (["b.c.o"], ["b.c.o"])
    readings.take()
    refresh(three, ObjectCache())
    assert (readings.files, readings.debug) == ([], [])


def test_watch_reads_no_cache_again(
    three: Project, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ObjectCache()
    refresh(three, cache)
    monkeypatch.setattr(object_cache, "read_records", lambda path, key: None)
    three.write("b.c", body("b", 5))
    three.compile()
    refresh(three, cache)
    refresh(three, cache)
    assert readings.take() == ["b.c.o"]


def test_next_command_reads_the_cache_while_the_compiler_runs(
    three: Project, readings: Readings
) -> None:
    """This compiler waits until all of it has been read."""
    refresh(three, ObjectCache())
    done = three.build / "done"
    wait = f"for i in $$(seq 3000); do test -e {done} && exit 0; sleep 0.02; done; exit 1"
    with (three.build / "build.ninja").open("a") as ninja:
        ninja.write(f"rule wait\n  command = {wait}\nbuild waits: wait\n")
    description = load_description(str(three.build))
    cache = ObjectCache()

    def meanwhile() -> None:
        cache.prepare(description)
        done.touch()

    compile_objects(description._replace(objects_target="waits"), False, meanwhile)
    known = cache.objects
    readings.take()
    cache.refresh(description)
    assert readings.take() == []
    assert cache.objects == known != []


def test_what_is_remembered_is_what_the_file_says(project: Project) -> None:
    """For every architecture."""
    project.write("a.c", "static int on(int x) { return x; }\nint (*f)(int) = on;\n" + body("a", 3))
    project.compile()
    (path,) = project.objects()
    symbols = read_own_symbols(path, Elf(path, "it"))
    key: Any = ["key"]
    found = object_cache.read_object_file(path)
    object_cache.write_objects(str(project.root / "cache"), key, [found])
    loaded = load_objects(str(project.root / "cache"), key)[path]
    assert (loaded.symbols, loaded.stamp) == (symbols, found.stamp)
    assert [d.symbol for d in symbols.callbacks] == ["on"] and "f" in [d.symbol for d in symbols.defined]
    assert symbols_from_json(path, symbols_to_json(symbols)) == symbols


def test_source_that_is_saved_without_a_change_links_nothing(
    three: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless somebody else has replaced the module meanwhile."""
    linked: List[str] = []

    def count(inputs: ModuleInputs) -> None:
        linked.append(inputs.description.module)
        link_module(inputs)

    monkeypatch.setattr(builders, "link_module", count)
    description = load_description(str(three.build))
    builder = builders.ModuleBuilder(FirmwareReader(), AbiGuard().check)
    module = builder.update(description, Steps())
    os.utime(three.sources / "b.c")
    three.compile()
    assert builder.update(description, Steps()) == module and len(linked) == 1
    (three.out / "module.bin").write_bytes(b"of another command")
    assert builder.update(description, Steps()) == module and len(linked) == 2
    assert (three.out / "module.bin").read_bytes() == module
    three.write("b.c", body("b", 5))
    three.compile()
    assert builder.update(description, Steps()) != module and len(linked) == 3


# ---- an object file is another one, however well it hides it ----


def restore_times(path: str, status: os.stat_result) -> None:
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_file(path: str, content: bytes) -> None:
    Path(f"{path}.new").write_bytes(content)
    os.replace(f"{path}.new", path)


@pytest.mark.parametrize("write", [replace_file, lambda path, data: Path(path).write_bytes(data)])
def test_file_of_the_same_size_and_time(
    three: Project, readings: Readings, write: Callable[[str, bytes], Any]
) -> None:
    path = three.objects()[1]
    status, content = os.stat(path), Path(path).read_bytes()
    write(path, content.replace(b"b_data", b"B_data"))
    restore_times(path, status)
    assert os.stat(path).st_mtime_ns == status.st_mtime_ns
    assert os.stat(path).st_size == status.st_size
    cache = ObjectCache()
    cache.refresh(load_description(str(three.build)))
    assert readings.take() == ["b.c.o"]
    assert "B_data" in [d.symbol for d in cache.objects[1].symbols.defined]


def test_object_file_that_is_gone(three: Project, readings: Readings) -> None:
    os.remove(three.sources / "b.c")
    three.describe()
    cache = ObjectCache()
    refresh(three, cache)
    assert [os.path.basename(found.path) for found in cache.objects] == ["a.c.o", "c.c.o"]
    assert b"b.c.o" not in (three.out / "objects.records").read_bytes()
    three.write("b.c", body("b", 3))
    three.describe()
    refresh(three, ObjectCache())
    assert readings.take() == ["b.c.o"]
    os.remove(three.objects()[1])
    with pytest.raises(ToolError, match="there is no object file .*b.c.o"):
        refresh(three, ObjectCache())


def test_other_compiler(three: Project, readings: Readings) -> None:
    compiler = three.root / "gcc"
    compiler.write_text("#!/bin/sh\n")
    for change in (lambda: None, lambda: compiler.write_text("#!/bin/sh -e\n")):
        change()
        three.describe(compiler=str(compiler))
        refresh(three, ObjectCache())
        assert readings.take() == ["a.c.o", "b.c.o", "c.c.o"]
        refresh(three, ObjectCache())
        assert readings.take() == []


def test_other_tools(
    three: Project, readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other file among them counts: whoever works on the tools does not change the version."""
    tools = three.root / "tools"
    shutil.copytree(os.path.dirname(records.__file__), tools)
    monkeypatch.setattr(records, "_TOOLS", str(tools))
    for change in (lambda: None, lambda: (tools / "cli.py").write_text("# another\n")):
        change()
        tools_key.cache_clear()
        refresh(three, ObjectCache())
        assert readings.take() == ["a.c.o", "b.c.o", "c.c.o"]
    tools_key.cache_clear()


# ---- a cache that is damaged ----


def test_damaged_cache_counts_as_none(three: Project, readings: Readings) -> None:
    """At every length, and with any byte changed; it is written anew."""
    path = three.out / "objects.records"
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole), 199)]
    for place in range(0, len(whole), 211):
        damaged.append(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
    key = object_cache.cache_key(load_description(str(three.build)))
    for content in damaged:
        path.write_bytes(content)
        assert load_objects(str(path), key) == {}
    refresh(three, ObjectCache())
    assert readings.take() == ["a.c.o", "b.c.o", "c.c.o"]
    assert len(load_objects(str(path), key)) == 3


def test_cache_that_cannot_be_written(three: Project, readings: Readings) -> None:
    """The next command is slower; this one goes on."""
    path = three.out / "objects.records"
    path.unlink()
    path.mkdir()
    refresh(three, ObjectCache())
    assert len(readings.take()) == 3


def test_records_of_another_key(tmp_path: Path) -> None:
    path = str(tmp_path / "some.records")
    assert read_records(path, 1) is None
    write_records(path, 1, {"index": 2}, [encode([3]), encode("four")])
    assert read_records(path, 1) == ({"index": 2}, [b"[3]", b'"four"'])
    assert read_records(path, 2) is None


# ---- with the commands ----


def test_reload_keeps_the_cache_for_the_next_one(built: Project, device: FakeDevice) -> None:
    place = ["--build", str(built.build), "--url", device.url]
    cache = built.out / "objects.records"
    before = cache.read_bytes()
    built.write("a.c", "int f(void) { return 2; }\n")
    assert "Reloaded" in built.run("reload", *place).stdout
    after = cache.read_bytes()
    assert after != before
    assert "Reloaded" in built.run("reload", *place).stdout
    assert cache.read_bytes() == after


def test_image_for_the_flash_is_made_by_a_build(built: Project, device: FakeDevice) -> None:
    """A reload makes none, and leaves no old one behind."""
    image = built.out / "partition.bin"
    old = image.read_bytes()
    place = ["--build", str(built.build), "--url", device.url]
    assert "Reloaded" in built.run("reload", *place).stdout
    assert image.read_bytes() == old
    built.write("a.c", "int f(void) { return 2; }\n")
    assert "Reloaded" in built.run("reload", *place).stdout
    assert not image.exists()
    module = built.link()
    assert module == device.uploads[-1] and module in image.read_bytes()

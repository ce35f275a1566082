"""What ninja says is out of date, and whether that concerns more than the module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import pytest

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.checks.inputs import InputFiles
from hotreload.checks.causes import (
    Cause, find_causes, finish_search, read_causes, start_search,
)  # fmt: skip
from hotreload.checks.outside import check_outside

RULES = """\
rule copy
  command = cat $in > $out
rule object
  command = cat $in > $out && echo "$out: $header" > $out.d
  depfile = $out.d
  deps = gcc
rule list
  command = cat $in > $out.new && (cmp -s $out.new $out || cp $out.new $out)
  restat = 1
rule wraps
  command = grep -o 'wrap=[a-z]*$$' $in | cut -d= -f2 > $out.new; $
      cmp -s $out.new $out || cp $out.new $out
  restat = 1
rule rerun_cmake
  command = touch build.ninja && echo CMake >> cmake.log
  description = Re-running CMake...
  generator = 1
rule archive
  command = test -e $out || touch $out
  restat = 1
"""

# As CMake writes it: the module's part of the firmware is made from what its objects export.
BUILD = """\
build module.o: object ../module.c || order_module
  header = ../shared.h
build main.o: object ../main.c
  header = ../shared.h
build text.S: copy ../text.txt
build embedded.o: object text.S || order_module
build order_module: phony || text.S
build version.S: copy ../version.txt
build firmware_version.o: object version.S
build {directory}/hotreload/exports.txt: list module.o embedded.o $
    {directory}/hotreload/objects.txt {directory}/hotreload/wraps.txt ../tool.py
build {directory}/hotreload/wraps.txt: wraps build.ninja
build {directory}/hotreload/stubs.S: copy {directory}/hotreload/exports.txt
build stubs.o: object {directory}/hotreload/stubs.S
build libempty.a: archive module.o embedded.o
build firmware.elf: copy main.o stubs.o firmware_version.o $
    libesp_app_format.a | libempty.a sections.ld
  LINK_FLAGS = -Wl,--wrap=one
build firmware: phony firmware.elf
build always: phony
build ../CMakeLists.txt: phony
build build.ninja: rerun_cmake | ../CMakeLists.txt
build sections.ld: list ../layout.txt libesp_app_format.a
build esp_app_desc.c.obj: object ../version.c
build libesp_app_format.a: copy esp_app_desc.c.obj
"""

FILES = (
    "module.c", "main.c", "shared.h", "text.txt", "version.txt", "tool.py", "CMakeLists.txt",
    "layout.txt", "version.c",
)  # fmt: skip


class Build:
    """A build directory with all of it up to date."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "build"
        (self.directory / "hotreload").mkdir(parents=True)
        for name in FILES:
            (root / name).write_text(name + "\n")
        (self.directory / "hotreload/objects.txt").write_text("module.o\n")
        self.write(BUILD)
        self.ninja()

    def write(self, edges: str) -> None:
        text = RULES + edges.format(directory=self.directory)
        (self.directory / "build.ninja").write_text(text)

    def ninja(self, *targets: str) -> None:
        subprocess.run(["ninja", "-C", str(self.directory), *targets], check=True)

    def change(self, name: str, text: str = "changed\n") -> None:
        path = self.root / name
        path.write_text(text)
        # Later than anything built within the clock's resolution.
        now = time.time() + 10
        os.utime(path, (now, now))

    def description(self) -> Description:
        values: Dict[str, object] = {name: "" for name in Description._fields}
        values.update(
            build_dir=str(self.directory),
            source_dir=str(self.root),
            ninja="ninja",
            objects=[str(self.directory / name) for name in ("module.o", "embedded.o")],
            firmware_elf=str(self.directory / "firmware.elf"),
            firmware_target="firmware",
            module_elf=str(self.directory / "hotreload" / "module.elf"),
        )
        return Description(**values)  # type: ignore[arg-type]

    def search(self, forgotten: Sequence[str] = ()) -> str:
        """What is said to have changed outside the module; empty: nothing."""
        description = self.description()
        try:
            found = finish_search(start_search(description), description)
            assert found is not None
            check_outside(found.causes, description, forgotten)
        except ToolError as error:
            return str(error)
        return ""


@pytest.fixture()
def build(tmp_path: Path) -> Build:
    return Build(tmp_path)


@pytest.mark.parametrize(
    "changed, said",
    [
        ([], ""),
        (["module.c"], ""),
        (["text.txt"], ""),  # generated, but only the module's objects are made from it
        (["version.txt"], "  version.txt has changed, which version.S is made from\n"),
        (["shared.h"], "  shared.h has changed, which main.o is made from\n"),
        (["module.c", "main.c"], "  main.c has changed, which main.o is made from\n"),
        # The tools write the stubs, so the stubs could become others.
        (["tool.py"], "tool.py has changed, which hotreload/exports.txt is made from"),
    ],
    ids=["nothing", "module", "embedded-in-module", "embedded-in-firmware", "header-of-both",
         "module-and-firmware", "tools"],
)  # fmt: skip
def test_changed_files(build: Build, changed: List[str], said: str) -> None:
    for name in changed:
        build.change(name)
    text = build.search()
    assert said in text and bool(text) == bool(said) and "module.c" not in text


@pytest.mark.parametrize(
    "changed, is_valid",
    [
        ([], True),
        (["module.c", "text.txt"], True),
        *[([name], False) for name in FILES if name not in ("module.c", "text.txt")],
        (["build/firmware.elf"], False),
        (["build/build.ninja"], False),
    ],
)
def test_when_the_search_must_be_repeated(
    build: Build, changed: List[str], is_valid: bool
) -> None:
    """Not as long as all that it looked at is as it was, except what only the module is made from."""
    inputs = InputFiles(build.description())
    inputs.refresh(build.description())
    assert inputs.firmware_files
    inputs.begin_search()
    assert not inputs.last_search.is_valid(), "it has not succeeded"
    assert build.search() == ""
    inputs.last_search.succeed()
    for name in changed:
        os.utime(build.root / name)
    assert inputs.last_search.is_valid() == is_valid


def test_the_search_is_repeated_after_a_whole_build(build: Build) -> None:
    """It may have read other files."""
    inputs = InputFiles(build.description())
    inputs.refresh(build.description())
    for is_known in (False, True):
        inputs.begin_search()
        inputs.last_search.succeed()
        assert inputs.last_search.is_valid() == is_known
        assert inputs.firmware_files


def test_the_module_was_compiled(build: Build) -> None:
    """The component's archive, which the firmware links, is empty, and older than the objects."""
    (build.directory / "module.o").unlink()
    build.ninja("module.o")
    assert build.search() == ""


def test_objects_compiled_since_the_last_build(build: Build) -> None:
    """Then the list of exports is older than the objects, until the next whole build."""
    build.change("module.c")
    build.ninja("module.o", "embedded.o")
    assert build.search() == ""


def test_a_source_of_the_firmware(build: Build) -> None:
    build.change("main.c")
    text = build.search()
    assert text.startswith("not only the module has changed:\n")
    assert "  main.c has changed, which main.o is made from\n" in text
    assert "must be flashed. To do so, run: idf.py build flash;" in text


def test_other_options(build: Build) -> None:
    build.write(BUILD.replace("main.o: object", "main.o: copy"))
    assert "  main.o is made in another way now\n" in build.search()


@pytest.mark.parametrize("name", ["one", "two"])
def test_cmake_ran_again(build: Build, name: str) -> None:
    """Only other names that the firmware's link wraps concern more than the module."""
    build.write(BUILD.replace("--wrap=one", f"--wrap={name}"))
    later = time.time() + 10
    os.utime(build.directory / "build.ninja", (later, later))
    text = build.search()
    assert text == "" if name == "one" else "hotreload/wraps.txt is made from" in text


@pytest.mark.parametrize("is_gone", [False, True])
def test_cmake_has_to_run(build: Build, is_gone: bool) -> None:
    """Then ninja says nothing else, and nothing is refused before CMake has run."""
    build.change("main.c")
    if is_gone:
        (build.root / "CMakeLists.txt").unlink()
    else:
        build.change("CMakeLists.txt")
    description = build.description()
    assert finish_search(start_search(description), description) is None


def test_another_list_of_the_modules_objects(build: Build) -> None:
    """CMake writes it when a reloadable component gets or loses a source."""
    later = time.time() + 10
    os.utime(build.directory / "hotreload/objects.txt", (later, later))
    assert build.search() == ""


def test_the_version_from_git(build: Build) -> None:
    """A commit changes it, and with it how one object is compiled. Then that may be compiled."""
    build.write(BUILD.replace("esp_app_desc.c.obj: object", "esp_app_desc.c.obj: copy"))
    assert build.search() == ""
    build.ninja("libesp_app_format.a")
    assert build.search() == ""
    build.change("version.c")
    assert "  version.c has changed" in build.search()


def test_the_linker_script(build: Build) -> None:
    build.change("layout.txt")
    assert "  layout.txt has changed, which sections.ld is made from\n" in build.search()


def test_a_build_that_was_interrupted(build: Build) -> None:
    """The firmware's objects are up to date, but not linked."""
    (build.root / "main.c").write_text("changed\n")
    build.ninja("main.o")
    assert "  main.o has changed, which firmware.elf is made from\n" in build.search()


def test_other_options_of_the_module(build: Build) -> None:
    build.write(BUILD.replace("module.o: object", "module.o: copy"))
    assert build.search() == ""


def test_not_built(build: Build) -> None:
    (build.directory / "firmware.elf").unlink()
    assert "  firmware.elf has not been built\n" in build.search()


def test_a_source_is_gone(build: Build) -> None:
    (build.root / "main.c").unlink()
    text = build.search()
    assert text.startswith("the build is out of order:\nninja: error: ") and "main.c" in text
    assert "explain" not in text


def test_a_header_is_gone(build: Build) -> None:
    """Ninja says so in the words that it has for targets without files."""
    shared = BUILD.replace("header = ../shared.h", f"header = {build.root}/shared.h")
    build.write(shared.replace("/shared.h", "/private.h", 1))
    (build.root / "private.h").write_text("of the module\n")
    build.ninja()
    (build.root / "private.h").unlink()
    assert build.search() == "", "only the module was made from it"
    # What is compiled without ninja must not leave this object behind.
    found = find_causes(build.description(), "module.o")
    assert found is not None and ("module.o", f"{build.root}/private.h") in found.causes
    (build.root / "shared.h").unlink()
    assert "  shared.h is gone, which main.o is made from\n" in build.search()


# What ninja says of a header that is gone, before that it is dirty.
GONE = {
    "1.11": "ninja explain: output {name} of phony edge with no inputs doesn't exist\n",
    "1.12": "ninja explain: {name} has no in-edge and is missing\n",
    "1.13": "",
}


def say_gone(version: str, *names: str) -> str:
    dirty = "ninja explain: {name} is dirty\n"
    return "".join((GONE[version] + dirty).format(name=name) for name in names)


class Said:
    """A ninja that has said this, of whatever version."""

    returncode = 0

    def __init__(self, text: str) -> None:
        self._text = text

    def communicate(self) -> Tuple[str, str]:
        return self._text, ""


def read_said(text: str, build: Build) -> List[Cause]:
    found = finish_search(Said(text), build.description())  # type: ignore[arg-type]
    assert found is not None
    return found.causes


@pytest.mark.parametrize("version", GONE)
def test_words_for_a_gone_header(version: str, build: Build) -> None:
    shared, private = f"{build.root}/shared.h", f"{build.root}/private.h"
    edges = BUILD.replace("header = ../shared.h", f"header = {shared}")
    build.write(edges.replace(f"header = {shared}", f"header = {private} {shared}", 1))
    (build.root / "private.h").write_text("of the module\n")
    build.ninja()
    of_module = say_gone(version, private) + "ninja explain: module.o is dirty\n"
    assert read_said(of_module, build) == [("module.o", private)]
    assert read_said(say_gone(version, private), build) == [("module.o", private)], "by 1.13"
    of_both = say_gone(version, private, shared) + "ninja explain: module.o is dirty\n"
    of_both += say_gone(version, shared) + "ninja explain: main.o is dirty\n"
    causes = [("main.o", shared), ("module.o", private), ("module.o", shared)]
    assert sorted(read_said(of_both, build)) == causes
    (build.root / "shared.h").unlink()
    (build.root / "shared.h").write_text("again\n")
    assert sorted(read_said(of_both, build)) == causes, "it was gone when ninja looked"


@pytest.mark.parametrize("version", GONE)
def test_words_for_what_is_no_header(version: str, build: Build) -> None:
    """What ninja has made of /it's.h, and a target without a file."""
    text = say_gone(version, "/it", "s.h", "always") + "ninja explain: main.o is dirty\n"
    assert read_said(text, build) == []


def test_a_generated_header_is_not_gone(build: Build) -> None:
    """Compilers name it by its absolute path. What makes it is the cause."""
    made = f"{build.directory}/made.h"
    edges = BUILD.replace("../main.c\n  header = ../shared.h", f"../main.c\n  header = {made}")
    build.write(edges + f"build made.h | {made}: copy ../value.txt\n")
    (build.root / "value.txt").write_text("1\n")
    build.ninja("made.h", "firmware")
    text = f"ninja explain: {made} is dirty\nninja explain: main.o is dirty\n"
    assert read_said(text, build) == []


def test_a_target_that_is_always_run(build: Build) -> None:
    """CMake's add_custom_target(), with a file that it may write, as a dependency of a library."""
    targets = "build CMakeFiles/make made.h: run\nbuild make: phony CMakeFiles/make made.h\n"
    edges = BUILD.replace("phony || text.S", "phony || text.S make")
    rule = "rule run\n  command = test -e made.h || touch made.h\n"
    build.write(rule + targets + edges.replace("../main.c", "../main.c made.h"))
    build.ninja()
    description = build.description()
    assert build.search() == ""
    found = find_causes(description, "module.o")
    assert found is not None and found.runs_always and found.causes == []
    made, read = build.directory / "made.h", build.directory / "main.o"
    while made.stat().st_mtime_ns <= read.stat().st_mtime_ns:
        made.write_text("another\n")
    assert "  made.h has changed, which main.o is made from\n" in build.search()
    build.ninja()
    assert build.search() == ""
    build.change("main.c")
    assert "  main.c has changed, which main.o is made from\n" in build.search()


# ESP-IDF's idiom, add_dependencies(): the whole libraries wait for the header.
GENERATED = BUILD.replace("libempty.a: archive module.o", "libempty.a: archive module.o || make")
GENERATED = GENERATED.replace("firmware.elf: copy main.o", "firmware.elf: copy libmain.a") + """\
build made.h: copy ../value.txt
build make: phony made.h
build libmain.a: copy main.o || make
"""


@pytest.fixture(params=["module.c", "main.c"])
def reader(request: pytest.FixtureRequest, build: Build) -> str:
    """The source that includes made.h, which is generated."""
    name = str(request.param)
    (build.root / "value.txt").write_text("1\n")
    edge = f"{name} || make" if name == "main.c" else f"{name} || make order_module"
    edges = GENERATED.replace(f"{name} || order_module", name)
    build.write(edges.replace(f"{name}\n  header = ../shared.h", f"{edge}\n  header = made.h"))
    build.ninja("firmware")
    return name


def test_a_generated_header(build: Build, reader: str) -> None:
    """Only what reads it becomes another by it."""
    build.change("value.txt")
    said = "  value.txt has changed, which made.h is made from\n"
    text = build.search()
    assert said in text if reader == "main.c" else text == ""


def test_a_generated_header_that_was_forgotten(build: Build, reader: str) -> None:
    """Its input was put back with an old stamp, so a reload has deleted it."""
    made = build.directory / "made.h"
    made.unlink()
    text = build.search(forgotten=[str(made)])
    assert "  made.h has not been built\n" in text if reader == "main.c" else text == ""


@pytest.mark.parametrize("reader", ["module.c", "main.c"])
def test_a_command_with_two_outputs(build: Build, reader: str) -> None:
    """Ninja names only the first one, which is the module's alone."""
    (build.root / "value.txt").write_text("1\n")
    rule = "rule two\n  command = cp $in one.h && cp $in two.h\n"
    edges = BUILD.replace("../module.c || order", "../module.c one.h || order")
    edges = edges.replace(f"../{reader}", f"../{reader} two.h")
    build.write(f"{rule}build one.h two.h: two ../value.txt\n{edges}")
    build.ninja("firmware")
    build.change("value.txt")
    said = "  value.txt has changed, which one.h is made from\n"
    text = build.search()
    assert said in text if reader == "main.c" else text == ""


def test_no_such_target(build: Build) -> None:
    build.write("build other: phony\n")
    assert "unknown target 'firmware'" in build.search()


def test_many_changes_are_counted(build: Build) -> None:
    edges = [f"build m{n}.o: copy ../main.c\n" for n in range(9)]
    firmware = "firmware.elf: copy "
    more = " ".join(f"m{n}.o" for n in range(9))
    build.write("".join(edges) + BUILD.replace(firmware, f"{firmware}{more} "))
    text = build.search()
    assert text.count("has not been built") == 6 and "\n  and 3 more\n" in text


def test_words_of_ninja() -> None:
    """All of them; a word that is not known must not let a change pass."""
    text = """\
[0/1] Re-running CMake...ninja explain: output build.ninja older than most recent input a (1 vs 2)
ninja explain: restat of output a.o older than most recent input a b.c (-1 vs 2)
ninja explain: recorded mtime of b.o older than most recent input b.c (1 vs 2)
ninja explain: output c.o doesn't exist
ninja explain: command line changed for d.o
ninja explain: command line not found in log for e.o
ninja explain: deps for 'f.o' are missing
ninja explain: stored deps info out of date for 'g.o' (1 vs 2)
ninja explain: depfile 'h.o.d' is missing
ninja explain: i.h has no in-edge and is missing
ninja explain: j.o is dirty
ninja explain: output k of phony edge with no inputs doesn't exist
ninja explain: something new about l.o
[1/2] Building C object a.o
"""
    missing = [(name, None) for name in ("c.o", "d.o", "e.o", "f.o", "g.o", "h.o")]
    older = [("build.ninja", "a"), ("a.o", "a b.c"), ("b.o", "b.c")]
    assert read_causes(text) == [*older, *missing, ("something new about l.o", None)]

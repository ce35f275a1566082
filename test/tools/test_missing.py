"""What is said of a symbol that nobody defines: where it is used, who has it, what to do.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from fake_device import FakeDevice
from hotreload.module.missing import find_undefined
from project import Project
from test_c_library import CALL, add_library
from toolchains import run

USE = "int sensor_read(int);\nint f(int x)\n{\n    return sensor_read(x);\n}\n"


def add_component(project: Project, name: str, source: str) -> str:
    """A component's library where ESP-IDF and the emulated board build them; returns its path."""
    directory = project.build / "esp-idf" / name
    directory.mkdir(parents=True)
    library = add_library(project, {name: source})
    target = directory / f"lib{name}.a"
    os.rename(library, target)
    return str(target)


def message(project: Project, source: str = USE, **changes: Any) -> str:
    project.write("a.c", CALL)
    project.make()
    project.write("a.c", source)
    project.compile()
    project.describe(**changes)
    return project.fail("link", str(project.build))


def test_component_of_the_build(project: Project) -> None:
    add_component(project, "other", "int sensor_read(); int g(void) { return sensor_read(1); }\n")
    (project.build / "esp-idf" / "other" / "notes.a").write_text("not a library\n")
    add_component(project, "sensor", "int sensor_read(int x) { return x; }\n")
    text = message(project)
    assert f"{project.sources / 'a.c'}:4: f needs 'sensor_read'" in text
    assert re.search(
        r"sensor has it \(libsensor\.a\(sensor\.o\)\): add sensor to the REQUIRES in the CMakeLists.txt "
        "of the component that needs it.* build 'firmware' again and flash it",
        text,
    )


def test_names_the_file_to_edit_and_idf_py(riscv: Project) -> None:
    """Objects of ESP-IDF's components are below esp-idf/<component>."""
    add_component(riscv, "sensor", "int sensor_read(int x) { return x; }\n")
    component = riscv.root / "components" / "reloadable"
    component.mkdir(parents=True)
    (component / "CMakeLists.txt").write_text("idf_component_register(RELOADABLE SRCS a.c)\n")
    riscv.write("a.c", CALL)
    riscv.make()
    source = riscv.write("a.c", USE)
    directory = riscv.build / "esp-idf" / "reloadable"
    directory.mkdir()
    chain = riscv.toolchain
    built = str(directory / "a.c.obj")
    run([chain.compiler, *chain.flags, "-g", "-c", str(source), "-o", built])
    riscv.describe(objects=[built], watch_dirs=[str(component)], chip=5)
    text = riscv.fail("link", str(riscv.build))
    assert f"add sensor to the REQUIRES in {component / 'CMakeLists.txt'}" in text
    assert "then run: idf.py build flash" in text


def test_library_of_the_toolchain(riscv: Project) -> None:
    text = message(riscv, "double sqrt(double); double f(double x) { return sqrt(x); }\n")
    assert "f needs 'sqrt'" in text
    assert "No library of the build or the toolchain has it" in text
    library = add_library(riscv, {"sqrt": "double sqrt(double x) { return x; }\n"})
    other = library.replace("libc.a", "libother.a")
    os.rename(library, other)
    riscv.describe(c_library=library)
    text = riscv.fail("link", str(riscv.build))
    assert re.search(r"libother\.a\(sqrt\.o\) has it.* next firmware .*build 'firmware'", text)


@pytest.mark.parametrize(
    "link", ["LINK_LIBRARIES = ../lib/libvendor.a", "LINK_PATH = -L{}\n  LINK_LIBRARIES = -lvendor"]
)
def test_library_that_the_firmware_is_linked_with(riscv: Project, link: str) -> None:
    library = add_library(riscv, {"sensor": "int sensor_read(int x) { return x; }\n"})
    os.rename(library, library.replace("libc.a", "libvendor.a"))
    message(riscv)
    with open(riscv.build / "build.ninja", "a") as ninja:
        ninja.write(f"build firmware.elf: cc\n  {link.format(os.path.dirname(library))}\n")
    text = riscv.fail("link", str(riscv.build))
    assert "libvendor.a(sensor.o) has it. The next firmware will contain it: build" in text


def test_source_that_is_not_compiled(riscv: Project) -> None:
    riscv.write("other.h", "int sensor_read(int x);\n")
    message(riscv)
    folder = riscv.sources / "more"
    folder.mkdir()
    (folder / "use.c").write_text("int g(void) { if (sensor_read(1)) { return 1; } return 0; }\n")
    assert "No library" in riscv.fail("link", str(riscv.build)), "a call and a prototype define nothing"
    (folder / "sensor.c").write_text("#include <a.h>\nint\nsensor_read(int x)\n{\n    return x;\n}\n")
    text = riscv.fail("link", str(riscv.build))
    assert f"{folder / 'sensor.c'} has it, but is not compiled: name it in the SRCS of " in text
    assert f"{riscv.sources / 'CMakeLists.txt'}. If that has SRC_DIRS, save it once" in text


def test_nobody_has_it(riscv: Project) -> None:
    text = message(riscv)
    assert re.search("No library .* has it.*name right", text)


def add_idf(project: Project) -> None:
    """An ESP-IDF with components that are not in the build."""
    headers = {
        "caller/include/caller.h": "/* sensor_read(x). */\n#define CALL sensor_read()\n",
        "hidden/private_include/hidden.h": "int sensor_read(int x);\n",
        "sensor/test/include/mock.h": "int sensor_read(int x);\n",
        "sensor/driver/include/driver/sensor.h": "int sensor_read(int x);\n",
        "alike/include/alike.h": "int sensor_read(int x);\nint my_sensor_read_all(void);\n",
    }
    idf = project.root / "idf"
    for name, text in headers.items():
        path = idf / "components" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    description = json.dumps({"idf_path": str(idf)})
    (project.build / "project_description.json").write_text(description)


def test_component_that_is_not_in_the_build(riscv: Project) -> None:
    add_idf(riscv)
    text = message(riscv, USE + "int read_all(void); int g(void) { return read_all(); }\n")
    assert re.search(r"sensor declares it \(driver/sensor.h\): add sensor to the REQUIRES", text)
    assert text.index("needs 'read_all'") < text.index("No library of the build")


def test_header_that_is_not_found(riscv: Project, device: FakeDevice) -> None:
    add_idf(riscv)
    riscv.write("a.c", CALL)
    riscv.make()
    riscv.write("a.c", '#include "driver/sensor.h"\n' + USE)
    text = riscv.fail("reload", "--build", str(riscv.build), "--url", device.url)
    assert "components do not compile" in text
    assert re.search("driver/sensor.h belongs to .* sensor: add sensor to the REQUIRES", text)
    riscv.write("a.c", '#include "hidden.h"\n' + USE)
    text = riscv.fail("reload", "--build", str(riscv.build), "--url", device.url)
    assert "do not compile" in text and "belongs to component" not in text


@pytest.mark.parametrize("debug", [True, False], ids=["debug", "no-debug"])
def test_variable_that_holds_the_address(project: Project, debug: bool) -> None:
    if not debug:
        project.flags.remove("-g")
    source = "extern int lost;\nint f(void) { return 1; }\n\nint *holder[3] = {0, 0, &lost};\n"
    text = message(project, source)
    place = f"{project.sources / 'a.c'}:4" if debug else ".data.holder+0x8)"
    assert f"{place}: holder needs 'lost'" in text


def test_debug_data_that_nobody_can_read(riscv: Project) -> None:
    """The object is compiled already, by a compiler with a later version of it."""
    source = "extern int lost;\nint f(void) { return 1; }\n\nint *holder[3] = {0, 0, &lost};\n"
    riscv.write("a.c", source + 'asm(".section .debug_info\\n.half 99, 99, 99\\n.text");\n')
    riscv.flags.remove("-g")
    text = message(riscv, (riscv.sources / "a.c").read_text())
    assert ".data.holder+0x8): holder needs 'lost'" in text


def test_each_name_has_its_own_advice(riscv: Project) -> None:
    add_component(riscv, "sensor", "int sensor_read(int x) { return x; }\n")
    text = message(riscv, USE + "int gone(void); int g(void) { return gone(); }\n")
    assert text.index("needs 'sensor_read'") < text.index("Component sensor has it")
    assert text.index("needs 'gone'") < text.index("No library of the build")


@pytest.mark.parametrize("source, advice", [
    ("int read(int, char);\nint f(int x) { return read(x, 'a'); }\n", "is the name right?"),
    ("int sensor_read(int);\nint f(int x) { return sensor_read(x); }\n",
     "libsensor.a(sensor.o) has a sensor_read() of C: if that is meant, declare it extern \"C\""),
    ("int left(int);\nint f(int x) { return left(x); }\n", "left.cpp has it, but is not compiled"),
])  # fmt: skip
def test_names_of_cpp(riscv: Project, source: str, advice: str) -> None:
    """With parameters, which tell what C has from what C++ has."""
    riscv.write("a.cpp", "int f(int x) { return x; }\n")
    riscv.make()
    add_component(riscv, "sensor", "int sensor_read(int x) { return x; }\n")
    riscv.write("a.cpp", source)
    riscv.compile()
    riscv.write("left.cpp", "int left(int x)\n{\n    return x;\n}\n")
    text = riscv.fail("link", str(riscv.build))
    declared = source.split(";")[0].replace("int ", "", 1)
    assert f"a.cpp:2: f(int) needs '{declared}' (object " in text
    assert advice in text and "_Z" not in text


def test_a_refusal_has_names_of_cpp(riscv: Project) -> None:
    riscv.write("a.cpp", "namespace n { int f(int x) { return x; } }\n")
    riscv.make()
    riscv.write("a.cpp", "namespace n { int f(long x) { return x; } }\n")
    riscv.compile()
    assert "hotreload: n::f(int) was removed since" in riscv.fail("link", str(riscv.build))


def test_a_label_of_the_assembler_is_no_function() -> None:
    """On RISC-V, ld may take one for the function that the place is in."""
    output = "a.o: in function `.L0 ':\n/x/a.c:6: undefined reference to `lost'\n"
    (found,) = find_undefined("ld", output).values()
    assert found == ("lost", "/x/a.c:6", "")

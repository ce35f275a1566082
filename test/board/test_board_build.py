"""What a build repeats after an edit, and what not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, Tuple

from board_build import Build
from emulated_project import EmulatedProject


def state_of(build: Build, *names: str) -> Dict[str, Tuple[int, bytes]]:
    """Time stamps and contents of files in the build directory."""
    paths = {name: os.path.join(build.dir, name) for name in names}
    return {name: (os.stat(path).st_mtime_ns, build.read(path)) for name, path in paths.items()}


FIRMWARE_FILES = (
    "firmware.elf",
    "hotreload/stubs.S",
    "hotreload/exports.txt",
    "hotreload/secret.c",
)


def test_second_build_does_nothing(own_build: Build) -> None:
    assert "ninja: no work to do." in own_build.ninja()


def test_body_edit_leaves_the_firmware_alone(own_build: Build) -> None:
    build = own_build
    firmware = state_of(build, *FIRMWARE_FILES)
    module = build.read(build.generated("module.bin"))
    build.edit("marker.c", "return 1;", "return 2;")
    output = build.ninja()
    assert output.count("Building") == 1
    assert "marker.c" in output
    assert "Linking the module" in output
    assert state_of(build, *FIRMWARE_FILES) == firmware
    assert build.read(build.generated("module.bin")) != module
    assert "ninja: no work to do." in build.ninja()


def test_objects_target_compiles_the_component_only(own_build: Build) -> None:
    build = own_build
    build.edit("marker.c", "return 1;", "return 2;")
    output = build.ninja("hotreload_objects")
    assert output.count("Building") == 1
    assert "Listing" not in output and "Linking" not in output


def test_new_export_reaches_the_firmware(own_build: Build) -> None:
    build = own_build
    exports = build.read(build.generated("exports.txt")).decode()
    assert "strong exercise_marker\n" in exports
    assert "weak exercise_weak\n" in exports
    firmware = state_of(build, "firmware.elf")
    new_function = "int brand_new(void)\n{\n    return 0;\n}\n\n"
    build.edit("marker.c", "int exercise_marker", new_function + "int exercise_marker")
    build.ninja()
    assert "strong brand_new\n" in build.read(build.generated("exports.txt")).decode()
    assert state_of(build, "firmware.elf") != firmware
    assert "ninja: no work to do." in build.ninja()


def test_broken_edit_leaves_everything_alone(own_build: Build) -> None:
    build = own_build
    files = state_of(build, *FIRMWARE_FILES, "hotreload/module.bin", "hotreload/partition.bin")
    build.edit("marker.c", "return 1;", "return one;")
    result = build.try_ninja()
    assert result.returncode != 0
    assert "'one' undeclared" in result.stdout or "‘one’ undeclared" in result.stdout
    assert state_of(build, *files) == files


def test_secret_is_private_and_kept(own_build: Build) -> None:
    build = own_build
    secret = build.secret
    assert len(secret) == 32
    assert os.stat(build.generated("secret.key")).st_mode & 0o077 == 0
    os.remove(build.generated("secret.c"))
    build.ninja()
    assert build.secret == secret


def test_sources_that_cmake_looks_for(core: str, tmp_path: Path) -> None:
    """file(GLOB ... CONFIGURE_DEPENDS): ninja wants to look for new files before all else."""
    names = {"found": "RELOADABLE ", "plain": ""}
    for name, keyword in names.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.c").write_text(f"int {name}(void) {{ return 1; }}\n")
        (tmp_path / name / "CMakeLists.txt").write_text(
            "file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)\n"
            f"idf_component_register({keyword}SRCS ${{sources}})\n"
        )
    project = EmulatedProject(core, tmp_path / "project")
    project.build(*(tmp_path / name for name in names), used=["plain"])

    def reload() -> str:
        command = [sys.executable, "-m", "hotreload", "reload", "--build", str(project.build_dir)]
        return subprocess.run(
            [*command, "--url", console.url, "--wait", "60"], env=project.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        ).stdout  # fmt: skip

    with project.boot(show=False) as console:
        console.wait_for("uptime 1: Hello")
        (tmp_path / "found" / "new.c").write_text('const char *new(void) { return "Howdy"; }\n')
        project.edit("static int", "extern const char *new(void);\nstatic int")
        project.edit("reloadable_greeting, name", "new(), name")
        said = reload()
        assert "Patched: " in said, said
        console.wait_for("Howdy, ")
        project.edit('"%s, %s', '"%s! %s')
        said = reload()
        assert "CMake has run" not in said and "Patched: " in said, said
        console.wait_for("Howdy! ")
        with (tmp_path / "plain" / "plain.c").open("a") as file:
            file.write("int another_firmware = 1;\n")
        said = reload()
        assert "plain.c has changed" in said, said

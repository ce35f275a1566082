"""What `idf.py build` makes of the basic example, and what it makes again.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import shutil

import pytest

from idf_project import IdfProject, find_partition, idf_version

RELOADABLE = "components/reloadable/reloadable.c"
HEADER = "components/reloadable/include/reloadable.h"
EXPORTS = ["reloadable_add", "reloadable_hello", "reloadable_init", "reloadable_multiply"]
NO_NETWORK = "CONFIG_EXAMPLE_CONNECT_WIFI=n\nCONFIG_EXAMPLE_CONNECT_ETHERNET=n\n"
NOWHERE = {"HOTRELOAD_URL": "http://127.0.0.1:9"}


def test_every_chip(example: IdfProject, target: str) -> None:
    """The basic example for one chip, without network drivers, which not every chip has.

    In a build directory of its own: where a callback was once, its module says that it is gone.
    """
    project = IdfProject(example.directory, target, f"{target}-every")
    project.write("sdkconfig.none", NO_NETWORK)
    project.defaults = "sdkconfig.defaults;sdkconfig.none"
    project.run("build")
    assert project.exports() == EXPORTS
    assert project.path("module.bin").stat().st_size < 700
    assert project.description()["identity"] == "sha256"


def test_the_firmware_is_not_checked_against_the_partition_of_modules(example: IdfProject) -> None:
    """That one has 0x80000 bytes; the firmware goes into the other."""
    result = example.ninja("app_check_size")
    assert result.returncode == 0
    assert "Smallest app partition is 0x100000 bytes" in result.stdout


def test_nothing_is_built_twice(example: IdfProject) -> None:
    example.run("build")
    before = example.digest()
    assert example.steps() == set()
    assert example.digest() == before


def test_changed_body(example: IdfProject) -> None:
    before = example.digest()
    with example.changed(RELOADABLE, "Hello", "Servus"):
        assert example.steps() == {"module object", "exports", "module"}
        assert b"Servus" in example.path("module.bin").read_bytes()
        assert example.digest() == before
        assert example.steps() == set()


def test_changed_firmware(example: IdfProject) -> None:
    example.run("build")
    before = example.digest()
    with example.changed("main/hotreload.c", "1000", "2000"):
        assert example.steps() == {"other object", "firmware", "module"}
        assert example.digest() != before
    example.run("build")


def test_changed_exports(example: IdfProject) -> None:
    example.run("build")
    new = "int reloadable_new(void);\nint reloadable_new(void)\n{\n    return 1;\n}\n\n"
    with example.changed(RELOADABLE, "void reloadable_init", f"{new}void reloadable_init"):
        expected = {"module object", "exports", "stubs", "firmware", "module"}
        assert example.steps() == expected
        assert "reloadable_new" in example.exports()
    assert example.steps() == expected
    assert example.exports() == EXPORTS


def test_only_the_objects(example: IdfProject) -> None:
    """What a reload builds."""
    example.run("build")
    with example.changed(RELOADABLE, "Hello", "Moin"):
        output = example.ninja("hotreload_objects").stdout
        assert re.search(r"\[1/1\] Building C object \S+/__idf_reloadable\.dir/", output)
    example.run("build")


def test_flashing(example: IdfProject) -> None:
    """`idf.py flash` and `app-flash` write the partition, `hotreload-flash` nothing else."""
    example.run("build")
    table = example.build / "partition_table" / "partition-table.bin"
    partition = find_partition(table, "hotreload")
    assert partition is not None
    offset, size = partition
    image = example.path("partition.bin").read_bytes()
    assert len(image) == size == 512 * 1024
    assert example.path("module.bin").read_bytes() in image
    assert example.flash_image()[offset] == image
    assert example.flash_image("hotreload-flash_args") == {offset: image}
    app = example.flash_image("app-flash_args")
    assert len(app) == 2 and app[offset] == image
    with example.changed(RELOADABLE, "Hello", "Ahoj"):
        for target in ("hotreload-flash", "app"):
            assert "Linking the module" in example.ninja("-n", target).stdout
    example.run("build")
    assert "/dev/no_board" in example.fail("-p", "/dev/no_board", "hotreload-flash")


# ---- what a reload refuses before it sends anything ----


def refused(example: IdfProject) -> str:
    text = example.fail("reload", **NOWHERE)
    assert "not only the module has changed" in text
    assert "must be flashed. To do so, run: idf.py build flash;" in text
    assert not re.search(r"Building C object|Running cmake|Configuring done", text)
    assert "Not reloaded" in text
    return text


def test_reload_with_a_changed_body_goes_on_to_the_device(example: IdfProject) -> None:
    example.run("build")
    with example.changed(RELOADABLE, "Hello", "Hola"):
        text = example.fail("reload", **NOWHERE)
        assert "nothing listens at http://127.0.0.1:9" in text
        assert b"Hola" in example.path("module.bin").read_bytes()
        text = example.fail("reload", "--url", "http://127.0.0.1:19", "--skip-build")
        assert "nothing listens at http://127.0.0.1:19" in text
    example.run("build")


def test_a_changed_shared_header(example: IdfProject) -> None:
    """It needs a flash only if the firmware's code becomes another."""
    with example.changed(HEADER, "#endif", "#define MORE 1\n#endif"):
        text = example.fail("reload", **NOWHERE)
        assert "the firmware's code stays the same" in text and "nothing listens" in text
    with example.changed(HEADER, "#endif", "#define vTaskDelay(x) (vTaskDelay)((x) * 2)\n#endif"):
        assert f"{HEADER} has changed" in refused(example)
    assert not goes_on(example), "it was taken back"
    example.run("build")


def test_reload_refuses_changed_firmware(example: IdfProject) -> None:
    with example.changed("main/hotreload.c", "1000", "2000"):
        assert "main/hotreload.c has changed" in refused(example)
    example.run("build")


def test_reload_runs_cmake(example: IdfProject) -> None:
    """What leaves the firmware as it is goes on to the device."""
    for name in ("CMakeLists.txt", "components/reloadable/CMakeLists.txt", "partitions.csv"):
        with example.changed(name, "\n", "\n\n"):
            assert goes_on(example)
    (example.build / "sdkconfig").touch()
    assert goes_on(example)
    assert not goes_on(example), "CMake has run"
    example.run("build")


def goes_on(example: IdfProject) -> bool:
    """Reloads without a device; returns whether CMake has run for it."""
    text = example.fail("reload", **NOWHERE)
    assert "nothing listens at http://127.0.0.1:9" in text
    return "CMake runs" in text


def test_reload_refuses_another_configuration(example: IdfProject) -> None:
    sdkconfig = example.build / "sdkconfig"
    before = sdkconfig.read_text()
    after = re.sub("^CONFIG_FREERTOS_HZ=.*", "CONFIG_FREERTOS_HZ=250", before, flags=re.MULTILINE)
    assert after != before
    sdkconfig.write_text(after)
    assert "sdkconfig.h has changed" in refused(example)
    sdkconfig.write_text(before)
    example.run("build")


def test_reload_of_another_target(example: IdfProject) -> None:
    text = example.idf("reload", IDF_TARGET="esp32s9", **NOWHERE).stdout
    assert f"was built for {example.target}, but IDF_TARGET is esp32s9" in text


# ---- idf.py ----


def test_commands_without_an_extension(project: IdfProject) -> None:
    """ESP-IDF 5 does not load a component's idf_ext.py: it is told, and targets do the work."""
    (project.directory / "idf_ext.py").unlink()
    output = project.run("reconfigure")
    if int(idf_version().split(".")[0]) >= 6:
        assert "hotreload-idf-ext" not in output
        return
    assert "run once: idf.py hotreload-idf-ext" in output
    assert "No such option" in project.fail("reload", "--url", "http://127.0.0.1:9")
    assert "is not known to idf.py" not in project.idf("reload").stdout
    project.run("hotreload-idf-ext")
    assert "--url" in project.run("reload", "--help")
    assert "hotreload-idf-ext" not in project.run("reconfigure")


def test_presets(project: IdfProject) -> None:
    """A preset names the build directory, for the commands of this component as well."""
    if "--preset" not in project.run("--help"):
        pytest.skip(f"idf.py of ESP-IDF {idf_version()} knows no presets")
    preset = [f"--preset={project.target}-hardware"]
    directory = project.directory / "build" / preset[0].split("=")[1]
    assert "build the project first" in project.fail("reload", options=preset, **NOWHERE)
    project.run("reconfigure", options=preset)
    assert (directory / "hotreload" / "hotreload.json").is_file()
    text = project.fail("reload", options=preset, **NOWHERE)
    assert "not only the module has changed" in text


def test_commands_in_a_fresh_checkout(project: IdfProject) -> None:
    assert "--debounce" in project.run("watch", "--help")
    shutil.rmtree(project.build, ignore_errors=True)
    text = project.fail("reload", **NOWHERE)
    assert "build the project first" in text

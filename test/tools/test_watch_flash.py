"""`watch --flash`: a firmware that has changed is built and flashed, and the watch goes on.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os

import pytest

from fake_device import FakeDevice
from project import Project
from test_missing import add_component
from test_watch import body, start

FLASH = """
rule flash
  command = echo "flashing at $$ESPPORT" && cat {go} && test ! -e {broken}
  pool = console
build flash: flash
"""


class Flasher:
    """The build's target `flash`, which waits until it may go on."""

    def __init__(self, project: Project) -> None:
        self.go, self.broken = project.root / "go", project.root / "broken"
        os.mkfifo(self.go)
        with open(project.build / "build.ninja", "a") as file:
            file.write(FLASH.format(go=self.go, broken=self.broken) + "default firmware\n")

    def finish(self) -> None:
        self.go.write_text("")


OTHER_FIRMWARE = (409, {"status": "error", "error": "another firmware"})


def test_flashes_another_firmware(
    built: Project, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    flasher = Flasher(built)
    device.refuse = OTHER_FIRMWARE
    monkeypatch.setenv("ESPPORT", "/dev/ttyBoard")
    watch = start(built, device.url, "--flash")
    watch.wait_for("flashing at /dev/ttyBoard")
    device.refuse = None
    flasher.finish()
    watch.wait_for("Flashed in")
    watch.wait_for("Reloaded whole ")
    built.write("a.c", "long f(int a, int b) { return a + b; }\n")
    seen = watch.wait_for("flashing at")
    assert any("has changed since the firmware was built" in line for line in seen)
    flasher.broken.touch()
    flasher.finish()
    watch.wait_for("Not reloaded: flash failed")
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    assert watch.stop() == 0


def test_flashes_once_for_a_change(built: Project, device: FakeDevice) -> None:
    """The port may be that of another board."""
    flasher = Flasher(built)
    device.refuse = OTHER_FIRMWARE
    watch = start(built, device.url, "--flash")
    watch.wait_for("flashing at")
    flasher.finish()
    watch.wait_for("Flashed in")
    assert "flashing at" not in "".join(watch.wait_for("Not reloaded: upload failed"))
    built.write("a.c", body(2))
    watch.wait_for("flashing at")
    device.refuse = None
    flasher.finish()
    watch.wait_for("Reloaded whole ")
    assert watch.stop() == 0


def test_only_flashes_if_told_to(built: Project, device: FakeDevice) -> None:
    Flasher(built)
    device.refuse = OTHER_FIRMWARE
    with start(built, device.url) as watch:
        assert "Not reloaded: upload failed" in watch.lines[-1]
        assert not any("flashing" in line for line in watch.lines)


def test_a_build_that_cannot_flash(built: Project, device: FakeDevice) -> None:
    device.refuse = OTHER_FIRMWARE
    with start(built, device.url, "--flash") as watch:
        assert any("the build has no target 'flash'" in line for line in watch.lines)


def test_call_that_the_firmware_lacks(built: Project, device: FakeDevice) -> None:
    """The next one has it, unless no library has it."""
    add_component(built, "sensor", "int sensor_read(int x) { return x; }\n")
    flasher = Flasher(built)
    with start(built, device.url, "--flash") as watch:
        for name in ("sensor_reed", "sensor_read"):
            built.write("a.c", f"int {name}(int);\nint f(void) {{ return {name}(1); }}\n")
            seen = watch.wait_for("flashing at", "Not reloaded: link failed")
            assert any(f"needs '{name}'" in line for line in seen), seen
            assert ("flashing at" in seen[-1]) == (name == "sensor_read")
        flasher.finish()
        watch.wait_for("Flashed in")
        watch.wait_for("Not reloaded: the firmware has to be flashed")  # This firmware is the same as before.


def test_a_function_is_cut_and_put_back(built: Project, device: FakeDevice) -> None:
    """Without it, no firmware could be linked, and the next edit would find none."""
    Flasher(built)
    with start(built, device.url, "--flash") as watch:
        built.write("a.c", "int other(void) { return 1; }\n")
        seen = watch.wait_for("Not reloaded: ")
        assert any("f() was removed" in line for line in seen), seen
        assert not any("flashing" in line for line in seen), seen
        built.write("a.c", body(2))
        watch.wait_for("Reloaded whole ")


def test_a_firmware_that_is_not_there(built: Project, device: FakeDevice) -> None:
    flasher = Flasher(built)
    with start(built, device.url, "--flash") as watch:
        os.remove(built.firmware)
        built.write("a.c", body(2))
        watch.wait_for("flashing at")
        flasher.finish()
        watch.wait_for("Flashed in")


def test_new_virtual_table(riscv: Project) -> None:
    riscv.flags += ["-x", "c++", "-fno-exceptions", "-fno-rtti"]
    base = "struct Base { virtual int run(int x); int y; };\n"
    base += "int Base::run(int x) { return x + y; }\n"
    riscv.write("a.c", base)
    riscv.make()
    device = FakeDevice(bytes.fromhex((riscv.out / "secret.key").read_text().strip()))
    flasher = Flasher(riscv)
    with start(riscv, device.url, "--flash") as watch:
        other = "struct New : Base { virtual int more(); }; int New::more() { return 4; }\n"
        riscv.write("a.c", base + other)
        seen = watch.wait_for("flashing at")
        assert any("vtable for New is new; objects" in line for line in seen), seen
        flasher.finish()
        watch.wait_for("Flashed in")
    device.close()

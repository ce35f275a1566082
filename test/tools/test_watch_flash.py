"""`watch --flash`: a firmware that has changed is built and flashed, and the watch goes on.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os

import pytest

from fake_device import FakeDevice
from project import Project
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

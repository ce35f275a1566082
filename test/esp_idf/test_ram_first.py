"""CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST on an emulated chip: order, crash, loss of power.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Callable

from idf_project import DEFAULTS, IdfProject
from qemu import Qemu

RELOADABLE = "components/reloadable/reloadable.c"
HELLO = 'printf("%s, %s'


def test_runs_before_it_is_stored(
    project: IdfProject, start_chip: "Callable[[IdfProject], Qemu]"
) -> None:
    project.write("sdkconfig.test", "CONFIG_HOTRELOAD_RUN_FROM_RAM_FIRST=y\n")
    project.defaults = f"{DEFAULTS};sdkconfig.test"
    # So soon after the answer that the flash is not written yet.
    with project.changed("main/hotreload.c", "pdMS_TO_TICKS(1000)", "1"):
        project.run("build")
        chip = start_chip(project)
        chip.wait_for(r"server listens on")

        start = chip.position()
        with project.changed(RELOADABLE, "Hello", "Servus"):
            project.run("reload", "--url", chip.url)
        chip.wait_for(r"module 2 stored, \d+ bytes", start)
        log = chip.console()[start:]
        received = log.index("module 2 received into RAM")
        loaded = log.index("patched:")
        assert received < loaded < log.index("module 2 stored"), log
        status = chip.get("/status")
        assert (status["sequence"], status["trial"], status["stored"]) == (2, True, True)

        start = chip.position()
        with project.changed(RELOADABLE, HELLO, f"__builtin_trap();\n    {HELLO}"):
            project.reload_to_crash("--url", chip.url)
        text = "module 3 crashed and is not stored, module 2 runs"
        chip.wait_for(text, start)
        chip.wait_for(r"server listens on", start)
        status = chip.get("/status")
        assert (status["sequence"], status["trial"], status["rollback"]) == (2, True, text)

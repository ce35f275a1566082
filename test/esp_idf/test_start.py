"""hotreload_start() with events on an emulated chip, and the example of the cooperative way.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable

from idf_project import IdfProject
from machines import Machine
from qemu import Qemu

RELOADABLE = "components/reloadable/reloadable.c"
HELLO = 'printf("%s, %s'

MAIN = """\
#include <stdio.h>
#include "esp_err.h"
#include "esp_event.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "network.h"
#include "reloadable.h"

ESP_EVENT_DECLARE_BASE(HOTRELOAD_EVENT); // as in ESP-IDF: it agrees with hotreload.h

static void print_event(void *argument, esp_event_base_t base, int32_t id, void *data)
{
    static const char *const names[] = {"uploaded", "loaded", "patched", "failed", "rolled back",
                                        "marked valid"};
    const hotreload_event_data_t *event = data;
    printf("event: %s %u %s\\n", names[id], (unsigned)event->sequence, event->reason);
    if (id == HOTRELOAD_EVENT_PATCHED) {
        (void)hotreload_mark_valid(); // a handler may call hotreload
    }
}

static void before(void *context)
{
    printf("before, in task %s\\n", pcTaskGetName(NULL));
}

static void after(esp_err_t error, void *context)
{
    printf("after %d\\n", error);
}

void app_main(void)
{
    hotreload_server_config_t server = HOTRELOAD_SERVER_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_server_start(&server)); // the network may come later
    ESP_ERROR_CHECK(hotreload_server_stop());
    connect_to_network();
    ESP_ERROR_CHECK(esp_event_handler_register(HOTRELOAD_EVENT, ESP_EVENT_ANY_ID, print_event, NULL));
    hotreload_start_config_t config = HOTRELOAD_START_CONFIG_DEFAULT();
    config.auto_reload = true;
    config.before = before;
    config.after = after;
    ESP_ERROR_CHECK(hotreload_start(&config));
    ESP_ERROR_CHECK(hotreload_stop());
    ESP_ERROR_CHECK(hotreload_start(&config));
    printf("ready\\n");
    for (;;) {
        reloadable_hello("World");
        vTaskDelay(10);
    }
}
"""


def test_events_and_callbacks(
    project: IdfProject, start_chip: "Callable[[IdfProject], Qemu]"
) -> None:
    project.write("main/hotreload.c", MAIN)
    project.run("build")
    chip = start_chip(project)
    chip.wait_for(r"server listens on port 8080; no network interface has an address yet")
    chip.wait_for(r"^after 0$")
    chip.wait_for(r"^event: loaded 1 $")
    chip.wait_for(r"^ready$")

    start = chip.position()
    with project.changed(RELOADABLE, "Hello", "Servus"):
        project.run("reload", "--url", chip.url)
        chip.wait_for(r"^event: uploaded 2 $", start)
        chip.wait_for(r"^event: patched 2 $", start)
        chip.wait_for(r"^event: marked valid 2 $", start)
        assert "before" not in chip.console()[start:]

        start = chip.position()
        project.run("reload", "--whole", "--url", chip.url)
        chip.wait_for(r"^before, in task hotreload_auto$", start)
        chip.wait_for(r"^after 0$", start)
        chip.wait_for(r"^event: loaded 3 $", start)

        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"{chip.url}/upload", data=b"module", timeout=30)
        chip.wait_for(r"^event: failed 0 X-Hotreload-SHA256 is missing", start)

        start = chip.position()
        with project.changed(RELOADABLE, HELLO, f"__builtin_trap();\n    {HELLO}"):
            project.reload_to_crash("--whole", "--url", chip.url)
            chip.wait_for(r"^event: rolled back [12] module 4 crashed on trial", start)
            chip.wait_for(r"^ready$", start)


def test_the_cooperative_example(
    repository: Path, machine: Machine, start_chip: "Callable[[IdfProject], Qemu]"
) -> None:
    """The application reloads when it has seen the update, and goes on if that is refused."""
    project = IdfProject(repository / "examples" / "cooperative", machine.target, machine.name)
    project.run("build")
    chip = start_chip(project)
    chip.wait_for(r"server listens on http://10\.0\.2\.15:8080")
    chip.wait_for(r"^Hello, World, from v?\S+! 1$")
    start = chip.position()
    with project.changed(RELOADABLE, "Hello", "Servus"):
        project.run("reload", "--url", chip.url)
        chip.wait_for(r"Update available, reloading", start)
        first = chip.wait_for(r"^Servus, World, from v?\S+! (\d+)$", start)
        assert int(first.group(1)) > 1  # a patch leaves the variables as they are
    start = chip.position()
    too_large = "static volatile char all[1 << 24];\nvoid reloadable_init(void)\n{\n    all[0] = 1;\n"
    with project.changed(RELOADABLE, "void reloadable_init(void)\n{\n", too_large):
        project.run("reload", "--url", chip.url)
        refused = chip.wait_for(r"reload failed: ", start)
        chip.wait_for(r"^(Hello|Servus), World, from v?\S+! \d+$", refused.end())
    assert chip.boots() == 1

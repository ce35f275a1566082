"""Code that a task is in: a whole module waits for the task, on an emulated chip.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Callable

from idf_project import IdfProject
from qemu import Qemu

HEADER = """\
#pragma once

#include <stdbool.h>

void reloadable_loop(volatile bool *stop);
int reloadable_step(int depth, const char *text);
"""

RELOADABLE = """\
#include "reloadable.h"

#include <stdio.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static int steps;

void reloadable_loop(volatile bool *stop)
{
    while (!*stop) {
        steps++;
        vTaskDelay(1);
    }
}

static __attribute__((noinline)) int print(char *buffer, size_t size, int depth, const char *text)
{
    const int length = snprintf(buffer, size, "%d %s %d", depth, text, steps++);
    return depth > 0 ? length + print(buffer, size, depth - 1, text) : length;
}

int reloadable_step(int depth, const char *text)
{
    char buffer[40];
    return print(buffer, sizeof buffer, depth, text) + steps;
}
"""

# Tasks that come and go: at a reload they wait outside, with words of their last call on the stack.
MAIN = """\
#include "hotreload.h"

#include <stdio.h>
#include <unistd.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "reloadable.h"

#define RELOADS 100

static volatile bool stop, ended;

static void loop(void *unused)
{
    reloadable_loop(&stop);
    ended = true;
    vTaskSuspend(NULL);
}

static void delay(void *depth)
{
    for (;;) {
        reloadable_step((int)depth, "delay");
        vTaskDelay(2);
    }
}

static void sleep_long(void *depth)
{
    for (;;) {
        reloadable_step((int)depth, "usleep");
        usleep(20000);
    }
}

static void receive(void *depth)
{
    QueueHandle_t queue = xQueueCreate(1, sizeof(int));
    int message;
    for (;;) {
        reloadable_step((int)depth, "queue");
        xQueueReceive(queue, &message, 2);
    }
}

static void take(void *depth)
{
    SemaphoreHandle_t semaphore = xSemaphoreCreateBinary();
    for (;;) {
        reloadable_step((int)depth, "semaphore");
        xSemaphoreTake(semaphore, 2);
    }
}

static void wait_for_notice(void *depth)
{
    for (;;) {
        reloadable_step((int)depth, "notice");
        ulTaskNotifyTake(pdTRUE, 2);
    }
}

/* The other core of an emulator on a busy host may sleep for seconds: then it is asked again. */
static esp_err_t reload(const hotreload_config_t *config)
{
    esp_err_t error = ESP_ERR_TIMEOUT;
    while (error == ESP_ERR_TIMEOUT) {
        error = hotreload_reload(config);
    }
    return error;
}

void app_main(void)
{
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
    xTaskCreate(loop, "looper", 3072, NULL, 5, NULL);
    vTaskDelay(5);
    printf("Inside: 0x%x\\n", reload(&config));
    stop = true;
    while (!ended) {
        vTaskDelay(1);
    }
    printf("Outside: %s\\n", esp_err_to_name(reload(&config)));

    void (*const tasks[])(void *) = {delay, sleep_long, receive, take, wait_for_notice};
    for (int i = 0; i < 10; i++) {
        /* On this core: else one could be inside on the other. */
        xTaskCreatePinnedToCore(tasks[i % 5], "periodic", 3072, (void *)i, 5, NULL, 0);
    }
    vTaskDelay(10);
    int refused = 0;
    for (int i = 0; i < RELOADS; i++) {
        refused += reload(&config) != ESP_OK;
        vTaskDelay(1 + i % 3);
    }
    printf("Refused: %d of %d\\n", refused, RELOADS);
}
"""


def test_a_module_waits_for_the_task_that_is_inside(
    project: IdfProject, start_chip: "Callable[[IdfProject], Qemu]"
) -> None:
    project.write("components/reloadable/include/reloadable.h", HEADER)
    project.write("components/reloadable/reloadable.c", RELOADABLE)
    project.write("main/hotreload.c", MAIN)
    project.run("build")
    chip = start_chip(project)
    chip.wait_for(r"Inside: 0x12001")  # ESP_ERR_HOTRELOAD_TASK_INSIDE
    text = re.search(r"module loaded: (\d+) bytes of text at (0x\w+)", chip.console())
    inside = re.search(r"task looper is inside the module, at (0x\w+)", chip.console())
    assert text and inside
    assert 0 < int(inside.group(1), 16) - int(text.group(2), 16) <= int(text.group(1))
    chip.wait_for(r"Outside: ESP_OK")
    # No task of a priority below the caller's exists that an interrupt could stop inside.
    assert chip.wait_for(r"Refused: (\d+) of 100").group(1) == "0"

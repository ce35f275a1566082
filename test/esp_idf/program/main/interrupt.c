/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include <stdio.h>

#include "esp_cpu.h"
#include "esp_err.h"
#include "esp_intr_alloc.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "registers.h"
#include "xtensa/xtensa_api.h"

#define ROUNDS             100
#define SOFTWARE_INTERRUPT (1u << 7) /* of level 1 */

/* registers.S */
void keep_registers(const unsigned set[REGISTERS], unsigned seen[REGISTERS], unsigned interrupt);

typedef unsigned (*overwrite_t)(const unsigned values[REGISTERS]);

unsigned overwrite_here(const unsigned values[REGISTERS]); /* registers.S: one of the firmware */

static overwrite_t overwrite;
static unsigned others[REGISTERS];
static volatile unsigned calls;

static void handle(void *unused)
{
    xt_set_intclear(SOFTWARE_INTERRUPT);
    calls += overwrite(others) == others[15];
}

static void fill(unsigned values[REGISTERS], unsigned first)
{
    for (unsigned i = 0; i < REGISTERS; i++) {
        values[i] = 0x9e3779b9u * (first + i);
    }
    values[REGISTERS - 1] &= 0xffff; /* 16 boolean registers */
}

static void check_function(const char *whose, overwrite_t function)
{
    unsigned changed = 0, changed_booleans = 0;
    calls = 0;
    overwrite = function;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        unsigned set[REGISTERS], seen[REGISTERS];
        fill(set, round);
        fill(others, round + REGISTERS);
        /* The handler's first floating-point instruction is an exception, which overwrites what
           ESP-IDF's dispatcher needs if another interrupt waits (EXCSAVE_1). */
        unsigned waiting = esp_cpu_intr_get_enabled_mask() & ~SOFTWARE_INTERRUPT;
        esp_cpu_intr_disable(waiting);
        keep_registers(set, seen, SOFTWARE_INTERRUPT);
        esp_cpu_intr_enable(waiting);
        for (unsigned i = 0; i < REGISTERS - 1; i++) {
            changed += seen[i] != set[i];
        }
        changed_booleans += seen[REGISTERS - 1] != set[REGISTERS - 1];
    }
    printf("function of the %s: %u right, changed %u and %u\n", whose, calls, changed,
           changed_booleans);
}

/** A task stays on one core, with its interrupt. */
static void check(void *done)
{
    intr_handle_t interrupt;
    ESP_ERROR_CHECK(esp_intr_alloc(ETS_INTERNAL_SW0_INTR_SOURCE, ESP_INTR_FLAG_LEVEL1, handle, NULL,
                                   &interrupt));
    check_function("firmware", overwrite_here);
    check_function("module", overwrite_registers);
    ESP_ERROR_CHECK(esp_intr_free(interrupt));
    xSemaphoreGive(done);
    vTaskDelete(NULL);
}

void check_registers_over_interrupts(void)
{
    SemaphoreHandle_t done = xSemaphoreCreateBinary();
    xTaskCreatePinnedToCore(check, "registers", 4096, done, 1, NULL, portNUM_PROCESSORS - 1);
    xSemaphoreTake(done, portMAX_DELAY);
    vSemaphoreDelete(done);
}

/*
 * Whether the last run crashed, and which module was on trial then. A number in RAM that a restart
 * does not clear tells it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_attr.h"
#include "esp_idf_version.h"
#include "esp_system.h"
#include "chip/chip.h"
#include "port.h"

/* After a loss of power both words hold anything, so one of them is a check. */
#define CHECK 0x68725241u

static __NOINIT_ATTR struct {
    volatile uint32_t sequence, check;
} kept;

/** What the last run kept. */
static uint32_t kept_before;

void hotreload_port_retain(uint32_t sequence)
{
    kept.sequence = sequence;
    kept.check = sequence ^ CHECK;
    hotreload_cache_write_back((void *)&kept, sizeof kept);
}

/** Before app_main(): no module is to blame for a crash between here and hotreload_load(). */
__attribute__((constructor)) static void take_what_was_kept(void)
{
    kept_before = (kept.sequence ^ CHECK) == kept.check ? kept.sequence : 0;
    hotreload_port_retain(0);
}

/** The program is not to blame for the others: power, pins, a debugger, sleep, esp_restart(). */
static bool is_crash(esp_reset_reason_t reason)
{
    switch (reason) {
    case ESP_RST_PANIC:
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
/* The chips that report it came with 5.3. */
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 3, 0)
    case ESP_RST_CPU_LOCKUP:
#endif
        return true;
    default:
        return false;
    }
}

uint32_t hotreload_port_take_crashed(void)
{
    const uint32_t sequence = is_crash(esp_reset_reason()) ? kept_before : 0;
    kept_before = 0;
    return sequence;
}

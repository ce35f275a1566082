/*
 * Prints how long all else stood still, each time that hotreload stopped it. The linker puts it
 * between hotreload_port_alone() and hotreload_stop_others() (--wrap).
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_cpu.h"
#include "esp_rom_sys.h"
#include "system/tasks.h"

typedef struct {
    void (*action)(void *context, const void *holder);
    void *context;
    unsigned cycles;
} timed_t;

esp_err_t __real_hotreload_stop_others(void (*action)(void *context, const void *holder),
                                       void *context);
esp_err_t __wrap_hotreload_stop_others(void (*action)(void *context, const void *holder),
                                       void *context);

static void time_action(void *context, const void *holder)
{
    timed_t *timed = context;
    const unsigned start = (unsigned)esp_cpu_get_cycle_count();
    timed->action(timed->context, holder);
    timed->cycles = (unsigned)esp_cpu_get_cycle_count() - start;
}

esp_err_t __wrap_hotreload_stop_others(void (*action)(void *context, const void *holder),
                                       void *context)
{
    timed_t timed = {.action = action, .context = context};
    const esp_err_t error = __real_hotreload_stop_others(time_action, &timed);
    const unsigned mhz = (unsigned)esp_rom_get_cpu_ticks_per_us();
    esp_rom_printf("stopped for %u cycles at %u MHz\n", timed.cycles, mhz);
    return error;
}

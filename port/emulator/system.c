/*
 * Small things that the core asks of a system: time, random numbers, locks, a version.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_system.h"
#include "linux.h"
#include "port.h"

uint32_t hotreload_port_now_ms(void)
{
    static int64_t start_ms = -1;
    if (start_ms < 0) {
        start_ms = linux_now_ms();
    }
    return (uint32_t)(linux_now_ms() - start_ms);
}

void hotreload_port_random(void *data, size_t size)
{
    if (linux_random(data, size) != (int)size) {
        hotreload_port_panic("the kernel has no random numbers"); /* a guessed nonce is worse */
    }
}

const char *esp_get_idf_version(void)
{
    return "the emulated board";
}

/*
 * Locks on a board with one thread never wait, but they notice misuse that would be a deadlock on
 * a chip.
 */
static bool held[HOTRELOAD_LOCK_COUNT];

void hotreload_port_lock(hotreload_lock_t lock)
{
    for (unsigned other = lock; other < HOTRELOAD_LOCK_COUNT; other++) {
        if (held[other]) {
            hotreload_port_panic(other == (unsigned)lock ? "a lock was taken twice"
                                                         : "locks were taken in the wrong order");
        }
    }
    held[lock] = true;
}

void hotreload_port_unlock(hotreload_lock_t lock)
{
    if (!held[lock]) {
        hotreload_port_panic("a lock was released that nobody holds");
    }
    held[lock] = false;
}

/*
 * RAM that is no module's: buffers, and a number that a restart does not clear.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_attr.h"
#include "esp_heap_caps.h"
#include "port.h"

/* After a loss of power both words hold anything. */
#define CHECK 0x68725241u

static __NOINIT_ATTR uint32_t retained, retained_check;

/** External memory first: only modules need the internal. */
void *hotreload_port_buffer_alloc(size_t size)
{
    void *buffer = heap_caps_malloc(size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    return buffer != NULL ? buffer : heap_caps_malloc(size, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    (void)size;
    heap_caps_free(buffer);
}

void hotreload_port_retain(uint32_t number)
{
    retained = number;
    retained_check = number ^ CHECK;
}

uint32_t hotreload_port_retained(void)
{
    return (retained ^ CHECK) == retained_check ? retained : 0;
}

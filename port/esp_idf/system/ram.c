/*
 * RAM that is no module's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_heap_caps.h"
#include "port.h"

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

/* SPDX-License-Identifier: MIT */
#include "esp_random.h"
#include "port.h"

void hotreload_port_random(void *data, size_t size)
{
    esp_fill_random(data, size);
}

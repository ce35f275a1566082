/*
 * The network interfaces, with ESP-IDF before 5.2: not all of these have esp_netif_find_if().
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>

#include "server/server.h"

void hotreload_each_interface(bool (*look)(esp_netif_t *interface, void *context), void *context)
{
    esp_netif_t *interface = esp_netif_next(NULL);
    while (interface != NULL && !look(interface, context)) {
        interface = esp_netif_next(interface);
    }
}

/*
 * The network interfaces, with ESP-IDF 5.2 and later.
 *
 * SPDX-License-Identifier: MIT
 */
#include "server/server.h"

void hotreload_each_interface(bool (*look)(esp_netif_t *interface, void *context), void *context)
{
    (void)esp_netif_find_if(look, context);
}

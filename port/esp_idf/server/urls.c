/* SPDX-License-Identifier: MIT */
#include "esp_netif.h"
#include "port.h"
#include "server/server.h"

#define ADDRESSES 4u

typedef struct {
    esp_ip4_addr_t list[ADDRESSES];
    size_t count;
} addresses_t;

/** May be called in the network's own task, where it must neither block nor log. */
static bool collect_address(esp_netif_t *interface, void *context)
{
    addresses_t *addresses = context;
    esp_netif_ip_info_t info;
    if (addresses->count < ADDRESSES && esp_netif_is_netif_up(interface) &&
        esp_netif_get_ip_info(interface, &info) == ESP_OK && info.ip.addr != 0) {
        addresses->list[addresses->count++] = info.ip;
    }
    return false; /* go on with the next */
}

void hotreload_server_log_urls(uint16_t port)
{
    addresses_t addresses = {.count = 0};
    hotreload_each_interface(collect_address, &addresses);
    for (size_t i = 0; i < addresses.count; i++) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "server listens on http://" IPSTR ":%u",
                           IP2STR(&addresses.list[i]), port);
    }
    if (addresses.count == 0) {
        hotreload_port_log(HOTRELOAD_LOG_INFO,
                           "server listens on port %u; no network interface has an address yet",
                           port);
    }
}

/*
 * Fake of ESP-IDF: only what port/esp_idf calls, with the prototypes of the real one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_ESP_NETIF_H
#define FAKE_ESP_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

typedef struct esp_netif_obj esp_netif_t;

typedef struct {
    uint32_t addr; /* network byte order */
} esp_ip4_addr_t;

typedef struct {
    esp_ip4_addr_t ip;
    esp_ip4_addr_t netmask;
    esp_ip4_addr_t gw;
} esp_netif_ip_info_t;

#define IPSTR                   "%d.%d.%d.%d"
#define FAKE_IP_BYTE(ip, index) ((uint16_t)((const uint8_t *)&(ip)->addr)[index])
#define IP2STR(ip)                                                                                 \
    FAKE_IP_BYTE(ip, 0), FAKE_IP_BYTE(ip, 1), FAKE_IP_BYTE(ip, 2), FAKE_IP_BYTE(ip, 3)

typedef bool (*esp_netif_find_predicate_t)(esp_netif_t *netif, void *ctx);

esp_err_t esp_netif_init(void);
esp_netif_t *esp_netif_next(esp_netif_t *esp_netif);
esp_netif_t *esp_netif_find_if(esp_netif_find_predicate_t fn, void *ctx);
bool esp_netif_is_netif_up(esp_netif_t *esp_netif);
esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info);

#endif

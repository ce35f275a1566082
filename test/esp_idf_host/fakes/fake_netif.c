/* SPDX-License-Identifier: MIT */
#include "fake_netif.h"

#include <stddef.h>

#include "esp_netif.h"

struct esp_netif_obj {
    const fake_netif_t *description;
};

fake_netif_t fake_netifs[FAKE_NETIFS];

esp_err_t esp_netif_init(void)
{
    return ESP_OK;
}

esp_netif_t *esp_netif_find_if(esp_netif_find_predicate_t fn, void *ctx)
{
    for (int i = 0; i < FAKE_NETIFS; i++) {
        esp_netif_t interface = {&fake_netifs[i]};
        if (fake_netifs[i].exists && fn(&interface, ctx)) {
            break;
        }
    }
    return NULL; /* no caller asks which it was */
}

esp_netif_t *esp_netif_next(esp_netif_t *esp_netif)
{
    static esp_netif_t interfaces[FAKE_NETIFS];
    size_t i = esp_netif != NULL ? (size_t)(esp_netif - interfaces) + 1 : 0;
    while (i < FAKE_NETIFS && !fake_netifs[i].exists) {
        i++;
    }
    if (i == FAKE_NETIFS) {
        return NULL;
    }
    interfaces[i].description = &fake_netifs[i];
    return &interfaces[i];
}

bool esp_netif_is_netif_up(esp_netif_t *esp_netif)
{
    return esp_netif->description->up;
}

esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info)
{
    *ip_info = (esp_netif_ip_info_t){.ip = {esp_netif->description->address}};
    return ESP_OK;
}

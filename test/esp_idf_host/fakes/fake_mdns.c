/* SPDX-License-Identifier: MIT */
#include "fake_mdns.h"

#include <stdio.h>
#include <string.h>

#include "esp_mac.h"
#include "mdns.h"

fake_mdns_t fake_mdns;

static int take(int *result)
{
    int taken = *result;
    *result = ESP_OK;
    return taken;
}

esp_err_t mdns_init(void)
{
    int result = take(&fake_mdns.init_result);
    fake_mdns.runs = fake_mdns.runs || result == ESP_OK;
    return result;
}

esp_err_t mdns_hostname_set(const char *hostname)
{
    int result = take(&fake_mdns.hostname_result);
    if (!fake_mdns.runs || hostname[0] == '\0' || strlen(hostname) >= sizeof fake_mdns.hostname) {
        return ESP_ERR_INVALID_ARG;
    }
    if (result == ESP_OK) {
        strcpy(fake_mdns.hostname, hostname);
    }
    return result;
}

esp_err_t mdns_hostname_get(char *hostname)
{
    if (!fake_mdns.runs || fake_mdns.hostname[0] == '\0') {
        return ESP_ERR_INVALID_STATE;
    }
    strcpy(hostname, fake_mdns.hostname);
    return ESP_OK;
}

esp_err_t mdns_service_add(const char *instance_name, const char *service_type, const char *proto,
                           uint16_t port, mdns_txt_item_t txt[], size_t num_items)
{
    int result = take(&fake_mdns.add_result);
    if (!fake_mdns.runs || fake_mdns.hostname[0] == '\0' || fake_mdns.service[0] != '\0' ||
        instance_name != NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (result != ESP_OK) {
        return result;
    }
    char *at = fake_mdns.service;
    at += sprintf(at, "%s.%s:%u", service_type, proto, port);
    for (size_t i = 0; i < num_items; i++) {
        at += sprintf(at, " %s=%s", txt[i].key, txt[i].value);
    }
    return ESP_OK;
}

esp_err_t mdns_service_remove(const char *service_type, const char *proto)
{
    char start[64];
    snprintf(start, sizeof start, "%s.%s:", service_type, proto);
    if (!fake_mdns.runs || strncmp(fake_mdns.service, start, strlen(start)) != 0) {
        return ESP_ERR_NOT_FOUND;
    }
    fake_mdns.service[0] = '\0';
    return ESP_OK;
}

esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type)
{
    int result = take(&fake_mdns.mac_result);
    if (type != ESP_MAC_ETH || result != ESP_OK) {
        return result != ESP_OK ? result : ESP_ERR_NOT_SUPPORTED;
    }
    memcpy(mac, "\x02\x00\x00\x12\xab\x0f", 6);
    return ESP_OK;
}

/*
 * Announces the server as _hotreload._tcp. The application may use mDNS as well, before or after
 * this. Its host name stays. mDNS is never shut down, because the application may still need it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "discovery/discovery.h"

#include <stddef.h>
#include <stdio.h>

#include "esp_app_desc.h"
#include "esp_err.h"
#include "esp_mac.h"
#include "mdns.h"
#include "port.h"
#include "sdkconfig.h"

#define SERVICE    "_hotreload"
#define PROTOCOL   "_tcp"
#define MOST_BYTES 32u /* of a firmware's identity */

/** Services need a host name. This one is unique to the board; the application may change it. */
static esp_err_t ensure_hostname(void)
{
    char name[MDNS_NAME_BUF_LEN] = "";
    if (mdns_hostname_get(name) == ESP_OK && name[0] != '\0') {
        return ESP_OK;
    }
    uint8_t mac[6] = {0};
    esp_err_t error = esp_read_mac(mac, ESP_MAC_ETH);
    if (error == ESP_OK) {
        snprintf(name, sizeof name, "hotreload-%02x%02x%02x", mac[3], mac[4], mac[5]);
        error = mdns_hostname_set(name);
    }
    return error;
}

static esp_err_t add_service(uint16_t port)
{
    size_t size;
    const uint8_t *id = hotreload_port_firmware_id(&size);
    char firmware[2 * MOST_BYTES + 1];
    for (size_t i = 0; i < size; i++) {
        snprintf(firmware + 2 * i, 3, "%02x", id[i]);
    }
    mdns_txt_item_t items[] = {
        {"firmware", firmware},
        {"project", esp_app_get_description()->project_name},
        {"chip", CONFIG_IDF_TARGET},
    };
    return mdns_service_add(NULL, SERVICE, PROTOCOL, port, items, sizeof items / sizeof items[0]);
}

void hotreload_discovery_announce(uint16_t port)
{
    const char *step = "mdns_init";
    esp_err_t error = mdns_init(); /* nothing happens if the application has called it */
    if (error == ESP_OK) {
        step = "the host name";
        error = ensure_hostname();
    }
    if (error == ESP_OK) {
        step = "mdns_service_add";
        error = add_service(port);
    }
    if (error == ESP_OK) {
        hotreload_port_log(HOTRELOAD_LOG_INFO, "announced by mDNS as " SERVICE "." PROTOCOL);
    } else {
        hotreload_port_log(HOTRELOAD_LOG_WARNING,
                           "not announced by mDNS: %s: %s. Tools need the URL (--url); mDNS needs "
                           "esp_netif_init() and esp_event_loop_create_default() before the server",
                           step, esp_err_to_name(error));
    }
}

void hotreload_discovery_withdraw(void)
{
    (void)mdns_service_remove(SERVICE, PROTOCOL); /* an error: the application has ended mDNS */
}

/*
 * Fake of Espressif's component mdns: only what port/esp_idf calls, with the prototypes of the real
 * one.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef FAKE_MDNS_COMPONENT_H
#define FAKE_MDNS_COMPONENT_H

#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#define MDNS_NAME_BUF_LEN 65

typedef struct {
    const char *key;
    const char *value;
} mdns_txt_item_t;

esp_err_t mdns_init(void);
esp_err_t mdns_hostname_set(const char *hostname);
esp_err_t mdns_hostname_get(char *hostname);
esp_err_t mdns_service_add(const char *instance_name, const char *service_type, const char *proto,
                           uint16_t port, mdns_txt_item_t txt[], size_t num_items);
esp_err_t mdns_service_remove(const char *service_type, const char *proto);

#endif

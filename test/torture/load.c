/* SPDX-License-Identifier: MIT */
#include "hotreload.h"

void load(void);

void load(void)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    ESP_ERROR_CHECK(hotreload_load(&config));
}

/*
 * Modules run from the heap. Memory protection forbids that, and the first call of a reloadable
 * function would crash; so the build stops here, with the name of the option to turn off.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ESP_IDF_MEMORY_PROTECTION_CHECK_H
#define HOTRELOAD_ESP_IDF_MEMORY_PROTECTION_CHECK_H

#include "sdkconfig.h"

/* ESP-IDF 6 knows the two other names as well, so the name that its menu shows comes first. */
#if CONFIG_ESP_SYSTEM_MEMPROT
#error "hotreload runs code from the heap: set CONFIG_ESP_SYSTEM_MEMPROT=n"
#elif CONFIG_ESP_SYSTEM_MEMPROT_FEATURE
#error "hotreload runs code from the heap: set CONFIG_ESP_SYSTEM_MEMPROT_FEATURE=n"
#elif CONFIG_ESP_SYSTEM_PMP_IDRAM_SPLIT
#error "hotreload runs code from the heap: set CONFIG_ESP_SYSTEM_PMP_IDRAM_SPLIT=n"
#endif

#endif

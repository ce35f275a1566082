/* SPDX-License-Identifier: MIT */
#include "panic/panic.h"

#include "esp_attr.h"
#include "esp_private/cache_utils.h"
#include "esp_private/panic_internal.h"
#include "hotreload.h"

static volatile bool speaking;

bool IRAM_ATTR hotreload_panic_begin(void)
{
    if (speaking || !spi_flash_cache_enabled()) {
        return false;
    }
    speaking = true;
    return true;
}

bool hotreload_panic_say(const char *name, uint32_t address)
{
    char words[128];
    if (hotreload_describe_address(address, words, sizeof words) == NULL) {
        return false;
    }
    panic_print_str("hotreload: ");
    panic_print_str(name);
    panic_print_str(" 0x");
    panic_print_hex((int)address);
    panic_print_str(": ");
    panic_print_str(words);
    panic_print_str("\r\n");
    return true;
}

void hotreload_panic_end(void)
{
    speaking = false;
}

/*
 * What the running firmware is. The application's description has the name of its project, and the
 * SHA-256 of its ELF file, which esptool writes there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_app_desc.h"
#include "port.h"
#include "sdkconfig.h"

const uint8_t *hotreload_port_firmware_id(size_t *size)
{
    const esp_app_desc_t *description = esp_app_get_description();
    *size = sizeof description->app_elf_sha256;
    return description->app_elf_sha256;
}

const char *hotreload_port_project(void)
{
    return esp_app_get_description()->project_name;
}

const char *hotreload_port_chip_name(void)
{
    return CONFIG_IDF_TARGET;
}

uint16_t hotreload_port_chip(void)
{
    return CONFIG_IDF_FIRMWARE_CHIP_ID;
}

uint16_t hotreload_port_abi(void)
{
#if CONFIG_IDF_TARGET_ARCH_XTENSA
    return HOTRELOAD_ABI_XTENSA_WINDOWED;
#elif __riscv_float_abi_single
    return HOTRELOAD_ABI_RISCV_ILP32F;
#else
    return HOTRELOAD_ABI_RISCV_ILP32;
#endif
}

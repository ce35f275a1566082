/*
 * An ELF file that someone flashed to the start of the partition: no header tells its length.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_BARE_ELF_H
#define HOTRELOAD_BARE_ELF_H

#include "port.h"

/**
 * Finds out how long the ELF file at offset 0 is: up to the end of the last thing that its headers
 * point to. What is no 32-bit little-endian ELF, or reaches beyond the limit, does not count: it
 * could not be loaded, and must not keep room from records.
 *
 * @param flash   the partition
 * @param limit   where it has to end, bytes
 * @param length  gets the length in bytes
 * @return ESP_OK, ESP_ERR_NOT_FOUND, ESP_ERR_FLASH_OP_FAIL. The caller holds HOTRELOAD_LOCK_STORE.
 */
esp_err_t hotreload_bare_elf_length(const hotreload_flash_t *flash, uint32_t limit,
                                    uint32_t *length);

#endif

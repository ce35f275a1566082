/*
 * CRC-32 of IEEE 802.3: finds damage, not forgery.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_CRC32_H
#define HOTRELOAD_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * The CRC of what came before, 0 for nothing, followed by `size` bytes. Any task.
 */
uint32_t hotreload_crc32(uint32_t before, const void *data, size_t size);

#endif

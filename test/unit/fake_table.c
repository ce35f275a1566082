/*
 * What the build generates for a firmware: the table and the upload secret. Weak, so that a test
 * may bring its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/table.h"
#include "receive/auth.h"

static uint32_t slots[4] = {0x42000100u, 0x42000110u, 0x42000120u, 0x42000130u};
static const uint32_t missing[4] = {0x42000100u, 0x42000110u, 0x42000120u, 0x42000130u};

__attribute__((weak)) const hotreload_table_t hotreload_firmware_table = {
    .count = 3,
    .slots = slots,
    .missing = missing,
    .names = "alpha\0beta\0gamma\0a static function",
    .slot_count = 4,
};

__attribute__((weak)) const uint8_t hotreload_secret[HOTRELOAD_SECRET_SIZE] = {
    0x3a, 0x91, 0x07, 0xee, 0x52, 0xc4, 0x18, 0xbd, 0x6f, 0x20, 0xd9, 0x83, 0x4b, 0xf5, 0x7c, 0x16,
    0xa8, 0x5e, 0x02, 0xcb, 0x94, 0x3d, 0xe1, 0x70, 0x29, 0xb6, 0x8f, 0x45, 0xfa, 0x13, 0xdc, 0x67,
};

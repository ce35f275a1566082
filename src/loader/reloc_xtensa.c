/*
 * Xtensa relocations. Instructions reach constants and functions through literals. Literals lie in
 * the text segment and move with it, so only 32-bit words have to be relocated.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/arch.h"

enum {
    EM_XTENSA = 94,
    R_XTENSA_32 = 1,
};

static uint32_t xtensa_field_size(uint32_t type)
{
    return type == R_XTENSA_32 ? 4 : 0;
}

static esp_err_t relocate_xtensa_field(uint32_t type, uint32_t place, uint32_t value,
                                       uint32_t field[HOTRELOAD_FIELD_WORDS])
{
    (void)type;
    (void)place;
    field[0] = value;
    return ESP_OK;
}

/** `j`: 18 bits from the address behind the next word; format CALL of the Xtensa ISA manual. */
static esp_err_t encode_xtensa_jump(uint32_t from, uint32_t to, uint32_t *code)
{
    const uint32_t reach = 1u << 17;
    const uint32_t d = to - (from + 4);
    if (d + reach >= 2 * reach) {
        return ESP_ERR_INVALID_SIZE;
    }
    *code = 0x06u | (d & 0x3ffffu) << 6;
    return ESP_OK;
}

/** As a stub: a9 is free between `call8` and `entry`. Formats RI16 and CALLX of the ISA manual. */
static void encode_xtensa_veneer(uint32_t to, uint32_t code[HOTRELOAD_VENEER_WORDS])
{
    code[0] = to;
    code[1] = 0xa0ffff91u; /* l32r a9, the word before; then the first byte of jx a9 */
    code[2] = 0x00000009u;
}

const hotreload_arch_t hotreload_arch_xtensa = {
    .machine = EM_XTENSA,
    .field_size = xtensa_field_size,
    .relocate = relocate_xtensa_field,
    .jump_size = 3,
    .encode_jump = encode_xtensa_jump,
    .encode_veneer = encode_xtensa_veneer,
    .return_mask = 0x3fffffffu, /* the upper two bits are the window increment */
    .next_frame = hotreload_frames_next_xtensa,
    .saved_below = 4, /* a0 to a3 */
};

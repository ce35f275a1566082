/*
 * RISC-V relocations and jumps; section "Relocations" of the RISC-V ELF psABI, and chapter "RV32I"
 * of the ISA manual for the formats of instructions.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/arch.h"

enum {
    EM_RISCV = 243,
    R_RISCV_32 = 1,
    R_RISCV_CALL_PLT = 19,
    R_RISCV_HI20 = 26,
    R_RISCV_LO12_I = 27,
    R_RISCV_LO12_S = 28,
};

static uint32_t riscv_field_size(uint32_t type)
{
    switch (type) {
    case R_RISCV_32:
    case R_RISCV_HI20:
    case R_RISCV_LO12_I:
    case R_RISCV_LO12_S:
        return 4;
    case R_RISCV_CALL_PLT:
        return 8;
    default:
        return 0;
    }
}

/** U-type immediate; rounded, because the low part that is added later is signed. */
static uint32_t with_hi20(uint32_t instruction, uint32_t value)
{
    return (instruction & 0x00000fffu) | ((value + 0x800u) & 0xfffff000u);
}

/** I-type immediate: bits 31..20. */
static uint32_t with_lo12_i(uint32_t instruction, uint32_t value)
{
    return (instruction & 0x000fffffu) | (value << 20);
}

/** S-type immediate: bits 31..25 and 11..7. */
static uint32_t with_lo12_s(uint32_t instruction, uint32_t value)
{
    return (instruction & 0x01fff07fu) | ((value & 0xfe0u) << 20) | ((value & 0x1fu) << 7);
}

static esp_err_t relocate_riscv_field(uint32_t type, uint32_t place, uint32_t value,
                                      uint32_t field[HOTRELOAD_FIELD_WORDS])
{
    switch (type) {
    case R_RISCV_32:
        field[0] = value;
        break;
    case R_RISCV_HI20:
        field[0] = with_hi20(field[0], value);
        break;
    case R_RISCV_LO12_I:
        field[0] = with_lo12_i(field[0], value);
        break;
    case R_RISCV_LO12_S:
        field[0] = with_lo12_s(field[0], value);
        break;
    default: { /* CALL_PLT: auipc and jalr reach all of RV32, but only even addresses */
        if (value & 1u) {
            return ESP_ERR_INVALID_SIZE;
        }
        uint32_t distance = value - place;
        field[0] = with_hi20(field[0], distance);
        field[1] = with_lo12_i(field[1], distance);
        break;
    }
    }
    return ESP_OK;
}

/** `jal x0`: J-type immediate, 21 bits, even. */
static esp_err_t encode_riscv_jump(uint32_t from, uint32_t to, uint32_t *code)
{
    const uint32_t reach = 1u << 20;
    const uint32_t d = to - from;
    if (d + reach >= 2 * reach || d % 2 != 0) {
        return ESP_ERR_INVALID_SIZE;
    }
    *code = 0x6fu | (d & 0x100000u) << 11 | (d & 0x7feu) << 20 | (d & 0x800u) << 9 | (d & 0xff000u);
    return ESP_OK;
}

const hotreload_arch_t hotreload_arch_riscv = {
    .machine = EM_RISCV,
    .field_size = riscv_field_size,
    .relocate = relocate_riscv_field,
    .jump_size = 4,
    .encode_jump = encode_riscv_jump,
    .return_mask = 0xffffffffu,
    .next_frame = hotreload_frames_next_riscv,
    .saved_below = 0,
};

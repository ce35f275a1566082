/*
 * Tables of the instructions and of their fields: RISC-V unprivileged ISA, RV32IMAFC.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/instruction_riscv.h"

#include "port.h"

#define WFI 0x10500073u

/* ---- Immediates ---- */

/** `count` bits of an instruction from bit `from` are those of the immediate from bit `to`. */
#define BITS(from, count, to) (uint16_t)((from) | (count) << 5 | (to) << 9)
#define NEGATIVE              0x8000u
/** The immediate's highest bit. */
#define SIGN(from, to) (uint16_t)(BITS(from, 1, to) | NEGATIVE)

enum { NONE, I, S, B, J, C_ADDI, C_ADDI4SPN, C_ADDI16SP, C_LWSP, C_SWSP, C_J, C_B };

static const uint16_t immediates[][8] = {
    [I] = {SIGN(31, 11), BITS(20, 11, 0)},
    [S] = {SIGN(31, 11), BITS(25, 6, 5), BITS(7, 5, 0)},
    [B] = {SIGN(31, 12), BITS(7, 1, 11), BITS(25, 6, 5), BITS(8, 4, 1)},
    [J] = {SIGN(31, 20), BITS(12, 8, 12), BITS(20, 1, 11), BITS(21, 10, 1)},
    [C_ADDI] = {SIGN(12, 5), BITS(2, 5, 0)},
    [C_ADDI4SPN] = {BITS(11, 2, 4), BITS(7, 4, 6), BITS(6, 1, 2), BITS(5, 1, 3)},
    [C_ADDI16SP] = {SIGN(12, 9), BITS(6, 1, 4), BITS(5, 1, 6), BITS(3, 2, 7), BITS(2, 1, 5)},
    [C_LWSP] = {BITS(12, 1, 5), BITS(4, 3, 2), BITS(2, 2, 6)},
    [C_SWSP] = {BITS(9, 4, 2), BITS(7, 2, 6)},
    [C_J] = {SIGN(12, 11), BITS(11, 1, 4), BITS(9, 2, 8), BITS(8, 1, 10), BITS(7, 1, 6),
             BITS(6, 1, 7), BITS(3, 3, 1), BITS(2, 1, 5)},
    [C_B] = {SIGN(12, 8), BITS(10, 2, 3), BITS(5, 2, 6), BITS(3, 2, 1), BITS(2, 1, 5)},
};

static int32_t read_immediate(uint32_t code, const uint16_t fields[8])
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 8 && fields[i] != 0; i++) {
        const unsigned from = fields[i] & 31u, count = fields[i] >> 5 & 15u;
        const uint32_t bits = (code >> from & ((1u << count) - 1)) << (fields[i] >> 9 & 31u);
        value += (fields[i] & NEGATIVE) != 0 ? 0 - bits : bits;
    }
    return (int32_t)value;
}

/* ---- Registers: the bit that their number begins at ---- */

#define SHORT    0x20u /* three bits, of x8 to x15 */
#define FIXED(x) (uint8_t)(0x40u | (x))

static uint8_t read_register(uint32_t code, unsigned place)
{
    const unsigned number = place & 31u;
    if ((place & FIXED(0)) != 0) {
        return (uint8_t)number;
    }
    return (uint8_t)((place & SHORT) != 0 ? 8 + (code >> number & 7u) : code >> number & 31u);
}

/* ---- Instructions: the first row that fits their low 16 bits ---- */

typedef struct {
    uint16_t mask, match;
    uint8_t kind, rd, rs1, immediate;
} row_t;

#define FLOAT 0xffu /* writes a register of either kind */

static const row_t quadrant_0[] = {
    {0xffff, 0x0000, RISCV_ENDS, 0, 0, NONE},
    {0xe000, 0x0000, RISCV_ADDI, SHORT | 2, FIXED(RISCV_SP), C_ADDI4SPN},
    {0xe000, 0x4000, RISCV_WRITE, SHORT | 2, 0, NONE}, /* c.lw */
    {0xe000, 0x8000, RISCV_ENDS, 0, 0, NONE},          /* not of "C" */
    {0x0000, 0x0000, RISCV_OTHER, 0, 0, NONE},         /* stores, floating point */
};

static const row_t quadrant_1[] = {
    {0xe000, 0x0000, RISCV_ADDI, 7, 7, C_ADDI},
    {0xe000, 0x2000, RISCV_CALL, 0, 0, NONE},  /* c.jal */
    {0xe000, 0x4000, RISCV_WRITE, 7, 0, NONE}, /* c.li */
    {0xef80, 0x6100, RISCV_ADDI, 7, 7, C_ADDI16SP},
    {0xe000, 0x6000, RISCV_WRITE, 7, 0, NONE},         /* c.lui */
    {0xe000, 0x8000, RISCV_WRITE, SHORT | 7, 0, NONE}, /* arithmetic */
    {0xe000, 0xa000, RISCV_JUMP, 0, 0, C_J},
    {0x0000, 0x0000, RISCV_BRANCH, 0, 0, C_B},
};

static const row_t quadrant_2[] = {
    {0xe000, 0x0000, RISCV_WRITE, 7, 0, NONE}, /* c.slli */
    {0xe000, 0x4000, RISCV_LW, 7, FIXED(RISCV_SP), C_LWSP},
    {0xe000, 0xc000, RISCV_SW, 2, FIXED(RISCV_SP), C_SWSP},
    {0xefff, 0x8002, RISCV_ENDS, 0, 0, NONE}, /* c.ebreak */
    {0xf07f, 0x8002, RISCV_JR, 0, 7, NONE},
    {0xf07f, 0x9002, RISCV_CALL, 0, 0, NONE},  /* c.jalr */
    {0xf000, 0x8000, RISCV_ADDI, 7, 2, NONE},  /* c.mv */
    {0xf000, 0x9000, RISCV_WRITE, 7, 0, NONE}, /* c.add */
    {0xe000, 0xa000, RISCV_ENDS, 0, 0, NONE},  /* of several registers, "Zcmp" */
    {0x0000, 0x0000, RISCV_OTHER, 0, 0, NONE}, /* floating point */
};

static const row_t of_32_bits[] = {
    {0x707f, 0x2003, RISCV_LW, 7, 15, I},
    {0x007f, 0x0003, RISCV_WRITE, 7, 0, NONE}, /* other loads */
    {0x707f, 0x0013, RISCV_ADDI, 7, 15, I},
    {0x007f, 0x0013, RISCV_WRITE, 7, 0, NONE},
    {0x707f, 0x2023, RISCV_SW, 20, 15, S},
    {0x007f, 0x0023, RISCV_OTHER, 0, 0, NONE}, /* other stores */
    {0x007f, 0x0063, RISCV_BRANCH, 0, 0, B},
    {0x005f, 0x0017, RISCV_WRITE, 7, 0, NONE}, /* auipc, lui */
    {0x007f, 0x0033, RISCV_WRITE, 7, 0, NONE}, /* arithmetic */
    /* Another link register than ra is that of helpers that save registers. */
    {0x0fff, 0x00ef, RISCV_CALL, 0, 0, NONE}, /* jal */
    {0x0fff, 0x00e7, RISCV_CALL, 0, 0, NONE}, /* jalr */
    {0x0fff, 0x006f, RISCV_JUMP, 0, 0, J},
    {0x0fff, 0x0067, RISCV_JR, 0, 15, I},
    {0x707f, 0x0073, RISCV_ENDS, 0, 0, NONE},  /* ecall, ebreak, mret */
    {0x007f, 0x0073, RISCV_WRITE, 7, 0, NONE}, /* control registers */
    {0x007f, 0x002f, RISCV_WRITE, 7, 0, NONE}, /* atomics */
    {0x007f, 0x000f, RISCV_OTHER, 0, 0, NONE}, /* fence */
    {0x007f, 0x0053, FLOAT, 7, 0, NONE},
    {0x005f, 0x0007, RISCV_OTHER, 0, 0, NONE}, /* loads, stores and sums of products */
    {0x0073, 0x0043, RISCV_OTHER, 0, 0, NONE},
    {0x0000, 0x0000, RISCV_ENDS, 0, 0, NONE},
};

static const row_t *const tables[] = {quadrant_0, quadrant_1, quadrant_2, of_32_bits};

/** Comparisons, conversions and moves to integer registers; all others write floating point. */
static bool writes_integer(uint32_t code)
{
    const uint32_t operation = code >> 27;
    return operation == 0x14 || operation == 0x18 || operation == 0x1c;
}

void riscv_decode(uint32_t address, riscv_instruction_t *in)
{
    uint16_t low, high = 0;
    *in = (riscv_instruction_t){.kind = RISCV_ENDS};
    if (!hotreload_port_fetch(address, &low)) {
        return;
    }
    in->size = (low & 3u) == 3u ? 4 : 2;
    if (in->size == 4 && !hotreload_port_fetch(address + 2, &high)) {
        return;
    }
    const uint32_t code = (uint32_t)high << 16 | low;
    const row_t *row = tables[low & 3u];
    while ((low & row->mask) != row->match) {
        row++;
    }
    in->rd = read_register(code, row->rd);
    in->rs1 = read_register(code, row->rs1);
    in->immediate = read_immediate(code, immediates[row->immediate]);
    if (row->kind == FLOAT) {
        in->kind = writes_integer(code) ? RISCV_WRITE : RISCV_OTHER;
    } else {
        in->kind = code == WFI ? RISCV_OTHER : (riscv_kind_t)row->kind;
    }
}

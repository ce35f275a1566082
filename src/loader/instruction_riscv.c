/* SPDX-License-Identifier: MIT */
#include "loader/instruction_riscv.h"

#include "port.h"

/** `count` bits of an instruction from bit `from`, as bits from `to` of an immediate. */
static uint32_t bits(uint32_t code, unsigned from, unsigned count, unsigned to)
{
    return (code >> from & ((1u << count) - 1)) << to;
}

static int32_t sign_extend(uint32_t value, unsigned width)
{
    const uint32_t sign = 1u << (width - 1);
    return (int32_t)((value ^ sign) - sign);
}

static bool set(riscv_instruction_t *in, riscv_kind_t kind, unsigned rd, unsigned rs1,
                int32_t immediate)
{
    in->kind = kind;
    in->rd = (uint8_t)rd;
    in->rs1 = (uint8_t)rs1;
    in->immediate = immediate;
    return true;
}

/* ---- 16 bits: the "C" extension; quadrants are the two lowest bits ---- */

static bool decode_quadrant_0(uint32_t code, riscv_instruction_t *in)
{
    const unsigned rd = 8 + bits(code, 2, 3, 0);
    switch (code >> 13) {
    case 0: /* c.addi4spn; zero is no instruction */
        return code != 0 && set(in, RISCV_ADDI, rd, RISCV_SP,
                                (int32_t)(bits(code, 11, 2, 4) | bits(code, 7, 4, 6) |
                                          bits(code, 6, 1, 2) | bits(code, 5, 1, 3)));
    case 2: /* c.lw */
        return set(in, RISCV_WRITE, rd, 0, 0);
    case 4: /* not of "C" */
        return false;
    default: /* stores, and loads of floating point */
        return set(in, RISCV_OTHER, 0, 0, 0);
    }
}

static int32_t compressed_jump(uint32_t code)
{
    return sign_extend(bits(code, 12, 1, 11) | bits(code, 11, 1, 4) | bits(code, 9, 2, 8) |
                           bits(code, 8, 1, 10) | bits(code, 7, 1, 6) | bits(code, 6, 1, 7) |
                           bits(code, 3, 3, 1) | bits(code, 2, 1, 5),
                       12);
}

static int32_t compressed_branch(uint32_t code)
{
    return sign_extend(bits(code, 12, 1, 8) | bits(code, 10, 2, 3) | bits(code, 5, 2, 6) |
                           bits(code, 3, 2, 1) | bits(code, 2, 1, 5),
                       9);
}

static bool decode_quadrant_1(uint32_t code, riscv_instruction_t *in)
{
    const unsigned rd = bits(code, 7, 5, 0);
    switch (code >> 13) {
    case 0: /* c.addi */
        return set(in, RISCV_ADDI, rd, rd,
                   sign_extend(bits(code, 12, 1, 5) | bits(code, 2, 5, 0), 6));
    case 1: /* c.jal */
        return set(in, RISCV_CALL, RISCV_RA, 0, 0);
    case 3: /* c.addi16sp, c.lui */
        if (rd == RISCV_SP) {
            return set(in, RISCV_ADDI, RISCV_SP, RISCV_SP,
                       sign_extend(bits(code, 12, 1, 9) | bits(code, 6, 1, 4) |
                                       bits(code, 5, 1, 6) | bits(code, 3, 2, 7) |
                                       bits(code, 2, 1, 5),
                                   10));
        }
        return set(in, RISCV_WRITE, rd, 0, 0);
    case 2: /* c.li */
        return set(in, RISCV_WRITE, rd, 0, 0);
    case 4: /* arithmetic of eight registers */
        return set(in, RISCV_WRITE, 8 + bits(code, 7, 3, 0), 0, 0);
    case 5: /* c.j */
        return set(in, RISCV_JUMP, 0, 0, compressed_jump(code));
    default: /* c.beqz, c.bnez */
        return set(in, RISCV_BRANCH, 0, 0, compressed_branch(code));
    }
}

/** c.jr, c.mv, c.jalr, c.add */
static bool decode_register_move(uint32_t code, riscv_instruction_t *in)
{
    const unsigned rd = bits(code, 7, 5, 0);
    const unsigned rs2 = bits(code, 2, 5, 0);
    const bool second = bits(code, 12, 1, 0) != 0;
    if (rs2 != 0) {
        return second ? set(in, RISCV_WRITE, rd, 0, 0) : set(in, RISCV_ADDI, rd, rs2, 0);
    }
    return rd != 0 && set(in, second ? RISCV_CALL : RISCV_JR, second ? RISCV_RA : 0, rd, 0);
}

static bool decode_quadrant_2(uint32_t code, riscv_instruction_t *in)
{
    const unsigned rd = bits(code, 7, 5, 0);
    switch (code >> 13) {
    case 0: /* c.slli */
        return set(in, RISCV_WRITE, rd, 0, 0);
    case 2: /* c.lwsp */
        return set(in, RISCV_LW, rd, RISCV_SP,
                   (int32_t)(bits(code, 12, 1, 5) | bits(code, 4, 3, 2) | bits(code, 2, 2, 6)));
    case 4:
        return decode_register_move(code, in);
    case 5: /* c.fsdsp, or saving several registers ("Zcmp") */
        return false;
    case 6: /* c.swsp */
        in->rs2 = (uint8_t)bits(code, 2, 5, 0);
        return set(in, RISCV_SW, 0, RISCV_SP, (int32_t)(bits(code, 9, 4, 2) | bits(code, 7, 2, 6)));
    default: /* floating point */
        return set(in, RISCV_OTHER, 0, 0, 0);
    }
}

/* ---- 32 bits ---- */

static int32_t long_jump(uint32_t code)
{
    return sign_extend(bits(code, 31, 1, 20) | bits(code, 12, 8, 12) | bits(code, 20, 1, 11) |
                           bits(code, 21, 10, 1),
                       21);
}

static int32_t long_branch(uint32_t code)
{
    return sign_extend(bits(code, 31, 1, 12) | bits(code, 7, 1, 11) | bits(code, 25, 6, 5) |
                           bits(code, 8, 4, 1),
                       13);
}

/** jal, jalr: another link register than ra is that of helpers that save registers. */
static bool decode_jump(uint32_t code, riscv_instruction_t *in, riscv_kind_t jump,
                        int32_t immediate)
{
    const unsigned rd = bits(code, 7, 5, 0);
    return rd <= RISCV_RA &&
           set(in, rd == RISCV_RA ? RISCV_CALL : jump, rd, bits(code, 15, 5, 0), immediate);
}

/** Comparisons, conversions and moves to integer registers; all others write floating point. */
static bool writes_integer(uint32_t code)
{
    const uint32_t operation = code >> 27;
    return operation == 0x14 || operation == 0x18 || operation == 0x1c;
}

static bool decode_32(uint32_t code, riscv_instruction_t *in)
{
    const unsigned rd = bits(code, 7, 5, 0);
    const unsigned rs1 = bits(code, 15, 5, 0);
    const unsigned width = bits(code, 12, 3, 0);
    const int32_t immediate = sign_extend(code >> 20, 12);
    switch (code & 0x7fu) {
    case 0x03:
        return set(in, width == 2 ? RISCV_LW : RISCV_WRITE, rd, rs1, immediate);
    case 0x13:
        return set(in, width == 0 ? RISCV_ADDI : RISCV_WRITE, rd, rs1, immediate);
    case 0x23:
        in->rs2 = (uint8_t)bits(code, 20, 5, 0);
        return set(in, width == 2 ? RISCV_SW : RISCV_OTHER, 0, rs1,
                   sign_extend(bits(code, 25, 7, 5) | bits(code, 7, 5, 0), 12));
    case 0x6f:
        return decode_jump(code, in, RISCV_JUMP, long_jump(code));
    case 0x67:
        return decode_jump(code, in, RISCV_JR, immediate);
    case 0x63:
        return set(in, RISCV_BRANCH, 0, 0, long_branch(code));
    case 0x17: /* auipc, atomics, arithmetic, lui */
    case 0x2f:
    case 0x33:
    case 0x37:
        return set(in, RISCV_WRITE, rd, 0, 0);
    case 0x73: /* control registers; wfi */
        return (width != 0 || code == 0x10500073u) && set(in, RISCV_WRITE, rd, 0, 0);
    case 0x53:
        return set(in, writes_integer(code) ? RISCV_WRITE : RISCV_OTHER, rd, 0, 0);
    case 0x07: /* fence and floating point */
    case 0x0f:
    case 0x27:
    case 0x43:
    case 0x47:
    case 0x4b:
    case 0x4f:
        return set(in, RISCV_OTHER, 0, 0, 0);
    default:
        return false;
    }
}

bool riscv_decode(uint32_t address, riscv_instruction_t *in)
{
    uint16_t low, high;
    if (!hotreload_port_fetch(address, &low)) {
        return false;
    }
    in->size = 2;
    switch (low & 3u) {
    case 0:
        return decode_quadrant_0(low, in);
    case 1:
        return decode_quadrant_1(low, in);
    case 2:
        return decode_quadrant_2(low, in);
    default:
        in->size = 4;
        return hotreload_port_fetch(address + 2, &high) &&
               decode_32((uint32_t)high << 16 | low, in);
    }
}

/*
 * Instructions of RISC-V, as far as they tell where a function's frame ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_INSTRUCTION_RISCV_H
#define HOTRELOAD_INSTRUCTION_RISCV_H

#include <stdbool.h>
#include <stdint.h>

/** Registers that have a part in calls. */
enum { RISCV_RA = 1, RISCV_SP = 2, RISCV_S0 = 8 };

typedef enum {
    RISCV_ENDS,   /**< there is no code, or nothing that a function of GCC's goes on after */
    RISCV_OTHER,  /**< changes no register */
    RISCV_WRITE,  /**< changes rd */
    RISCV_ADDI,   /**< rd = rs1 + immediate; `mv` as well */
    RISCV_LW,     /**< rd = word at rs1 + immediate */
    RISCV_SW,     /**< word at rs1 + immediate = rd, the ISA's rs2 */
    RISCV_CALL,   /**< leaves the return address in ra */
    RISCV_JUMP,   /**< to its own address + immediate */
    RISCV_BRANCH, /**< perhaps there */
    RISCV_JR,     /**< to rs1 + immediate */
} riscv_kind_t;

typedef struct {
    riscv_kind_t kind;
    uint8_t size; /**< bytes */
    uint8_t rd, rs1;
    int32_t immediate;
} riscv_instruction_t;

/** Reads the instruction at an address. */
void riscv_decode(uint32_t address, riscv_instruction_t *instruction);

#endif

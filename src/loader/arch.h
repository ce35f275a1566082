/*
 * Relocation for one instruction set: one file per architecture implements it, CMake chooses.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_ARCH_H
#define HOTRELOAD_ARCH_H

#include <stdint.h>

#include "hotreload.h"
#include "loader/frames.h"

/** Longest relocated field, in 32-bit words. */
#define HOTRELOAD_FIELD_WORDS 2u

/** A veneer: the address to go to, then the code that goes there. */
#define HOTRELOAD_VENEER_WORDS 3u

typedef struct {
    uint16_t machine; /**< e_machine of its ELF files */

    /** Bytes that a relocation of this type changes; 0: the type is unknown. */
    uint32_t (*field_size)(uint32_t type);

    /**
     * Relocates a field.
     *
     * @param type   relocation type that field_size() knows
     * @param place  run address of the field
     * @param value  S + A of the psABI
     * @param field  its content, little-endian words; changed in place
     * @return ESP_OK; ESP_ERR_INVALID_SIZE: the field cannot hold the value
     */
    esp_err_t (*relocate)(uint32_t type, uint32_t place, uint32_t value,
                          uint32_t field[HOTRELOAD_FIELD_WORDS]);

    uint32_t jump_size; /**< bytes of a jump instruction, at most 4 */

    /**
     * Encodes a jump that changes no register: it may take the place of a function's first
     * instruction.
     *
     * @param from  run address of the jump
     * @param to    run address to go to
     * @param code  gets the instruction, its first byte lowest
     * @return ESP_OK; ESP_ERR_INVALID_SIZE: too far
     */
    esp_err_t (*encode_jump)(uint32_t from, uint32_t to, uint32_t *code);

    /**
     * Encodes a veneer, for jumps that reach only its second word. NULL: no jump needs one.
     *
     * @param to  run address to go to
     */
    void (*encode_veneer)(uint32_t to, uint32_t code[HOTRELOAD_VENEER_WORDS]);

    /** Bits of a return address on the stack that belong to the address. */
    uint32_t return_mask;

    /** hotreload_frames_next_riscv() or _xtensa(). */
    bool (*next_frame)(hotreload_frame_t *frame, const uint32_t *end);

    uint32_t saved_below; /**< words below the sp of a function that hold its caller's registers */
} hotreload_arch_t;

extern const hotreload_arch_t hotreload_arch_riscv;
extern const hotreload_arch_t hotreload_arch_xtensa;

#endif

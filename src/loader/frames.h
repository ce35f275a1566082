/*
 * The frames of the functions that a task is in: frames_riscv.c and frames_xtensa.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef HOTRELOAD_FRAMES_H
#define HOTRELOAD_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

/** A function that is under way. */
typedef struct {
    uint32_t pc;            /**< where it goes on */
    uint32_t link;          /**< register of the return address: ra, a0 */
    uint32_t frame_pointer; /**< s0 of RISC-V */
    const uint32_t *sp;
} hotreload_frame_t;

/**
 * Goes from a function to its caller.
 *
 * @param frame  a function; gets its caller. With `sp` at the end of the stack: there is none.
 * @param end    the word behind the stack
 * @return false: the code does not tell where its frame ends; nothing has changed
 */
bool hotreload_frames_next_riscv(hotreload_frame_t *frame, const uint32_t *end);
bool hotreload_frames_next_xtensa(hotreload_frame_t *frame, const uint32_t *end);

/** Where an address that was read from the stack points to: near `sp`, which has as many bits. */
static inline const uint32_t *hotreload_stack_pointer(const uint32_t *sp, uint32_t address)
{
    return sp + (int32_t)(address - (uint32_t)(uintptr_t)sp) / (int32_t)sizeof *sp;
}

#endif

/*
 * The windowed ABI saves a0 and a1 of each function below the stack of the function that it called:
 * its return address and its stack pointer (Xtensa ISA manual, windowed register usage).
 *
 * SPDX-License-Identifier: MIT
 */
#include "loader/frames.h"

enum { SAVED_A0 = -4, SAVED_A1 = -3 };

bool hotreload_frames_next_xtensa(hotreload_frame_t *frame, const uint32_t *end)
{
    if (frame->link == 0) { /* as FreeRTOS starts a task */
        frame->pc = 0;
        frame->sp = end;
        return true;
    }
    const uint32_t *sp = hotreload_stack_pointer(frame->sp, frame->sp[SAVED_A1]);
    if (sp <= frame->sp || sp > end) {
        return false;
    }
    frame->pc = frame->link;
    frame->link = frame->sp[SAVED_A0];
    frame->sp = sp;
    return true;
}

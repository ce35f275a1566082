/*
 * Xtensa: the words come before the backtrace, of the same frames.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_attr.h"
#include "esp_debug_helpers.h"
#include "esp_memory_utils.h"
#include "panic/panic.h"

#if __has_include("xtensa_context.h") /* since ESP-IDF 6 */
#include "xtensa_context.h"
#else
#include "xtensa/xtensa_context.h"
#endif

#define FRAMES 100 /* as many as ESP-IDF prints */

void __real_panic_print_backtrace(const void *frame, int core);
void __wrap_panic_print_backtrace(const void *frame, int core);

/** The two upper bits of a saved return address are the size of the call's window. */
static uint32_t return_address(uint32_t saved)
{
    return (saved & 0x3fffffffu) | 0x40000000u;
}

static void NOINLINE_ATTR say_frames(const XtExcFrame *frame)
{
    esp_backtrace_frame_t at = {
        .pc = (uint32_t)frame->pc, .sp = (uint32_t)frame->a1, .next_pc = (uint32_t)frame->a0};
    hotreload_panic_say("PC", at.pc);
    bool sane = true;
    for (int i = 0; sane && i < FRAMES && at.next_pc != 0 && esp_stack_ptr_is_sane(at.sp); i++) {
        sane = esp_backtrace_get_next_frame(&at);
        hotreload_panic_say("called from", return_address(at.pc));
    }
}

/* This alone is in RAM, so that a panic without flash gets through it. */
void IRAM_ATTR __wrap_panic_print_backtrace(const void *frame, int core)
{
    if (hotreload_panic_begin()) {
        say_frames(frame);
        hotreload_panic_end();
    }
    __real_panic_print_backtrace(frame, core);
}

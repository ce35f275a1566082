/*
 * RISC-V: the words come before the registers. `idf.py monitor` replaces what follows the
 * registers, the stack, by a backtrace.
 *
 * SPDX-License-Identifier: MIT
 */
#include "esp_attr.h"
#include "esp_memory_utils.h"
#include "panic/panic.h"
#include "port.h"
#include "riscv/rvruntime-frames.h"

#define STACK_BYTES 1024u /* as many as ESP-IDF prints */
#define STACK_LINE  16u   /* a stack pointer's alignment */
#define STACK_WORDS 4u    /* said at most */

void __real_panic_print_registers(const void *frame, int core);
void __wrap_panic_print_registers(const void *frame, int core);

/** Without frame pointers, any word may be a return address, or one that was left by a call. */
static void say_stack(uint32_t stack)
{
    unsigned said = 0;
    for (uint32_t line = 0; line < STACK_BYTES; line += STACK_LINE) {
        if (!esp_stack_ptr_is_sane(stack + line)) {
            return;
        }
        const uint32_t *words = (const uint32_t *)(uintptr_t)(stack + line);
        for (unsigned i = 0; i < STACK_LINE / sizeof *words && said < STACK_WORDS; i++) {
            if (hotreload_is_module_code(words[i])) {
                hotreload_panic_say("maybe called from", words[i]);
                said++;
            }
        }
    }
}

static void NOINLINE_ATTR say_frame(const RvExcFrame *frame)
{
    bool in_module = hotreload_panic_say("PC", (uint32_t)frame->mepc);
    in_module = hotreload_panic_say("called from", (uint32_t)frame->ra) || in_module;
    if (!in_module) {
        say_stack((uint32_t)frame->sp);
    }
}

/* This alone is in RAM, so that a panic without flash gets through it. */
void IRAM_ATTR __wrap_panic_print_registers(const void *frame, int core)
{
    if (hotreload_panic_begin()) {
        say_frame(frame);
        hotreload_panic_end();
    }
    __real_panic_print_registers(frame, core);
}

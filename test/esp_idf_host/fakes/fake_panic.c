/* SPDX-License-Identifier: MIT */
#include "fake_panic.h"

#include <sys/mman.h>

#include "testing.h"
#include "esp_debug_helpers.h"
#include "esp_memory_utils.h"
#include "esp_private/cache_utils.h"
#include "esp_private/panic_internal.h"

char fake_console[2048];
bool fake_cache_is_off;
void (*fake_on_print)(void);

void panic_print_str(const char *str)
{
    strncat(fake_console, str, sizeof fake_console - strlen(fake_console) - 1);
    if (fake_on_print != NULL) {
        fake_on_print();
    }
}

void panic_print_hex(int h)
{
    char digits[9];
    snprintf(digits, sizeof digits, "%08x", (unsigned)h);
    panic_print_str(digits);
}

void panic_print_registers(const void *frame, int core)
{
    (void)frame;
    assert_int_equal(core, 0);
    panic_print_str("[registers]");
}

void panic_print_backtrace(const void *frame, int core)
{
    (void)frame;
    assert_int_equal(core, 0);
    panic_print_str("[backtrace]");
}

bool spi_flash_cache_enabled(void)
{
    return !fake_cache_is_off;
}

uint32_t fake_stack(void)
{
    static void *stack;
    const uintptr_t address = SOC_DRAM_HIGH - FAKE_STACK_SIZE;
    if (stack == NULL) {
        stack = mmap((void *)address, FAKE_STACK_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        assert_ptr_equal(stack, (void *)address);
    }
    return (uint32_t)address;
}

void fake_stack_set(uint32_t address, uint32_t value)
{
    *(uint32_t *)(uintptr_t)address = value;
}

bool esp_backtrace_get_next_frame(esp_backtrace_frame_t *frame)
{
    const uint32_t *save = (const uint32_t *)(uintptr_t)(frame->sp - 16);
    frame->pc = frame->next_pc;
    frame->next_pc = save[0];
    frame->sp = save[1];
    return esp_stack_ptr_is_sane(frame->sp);
}

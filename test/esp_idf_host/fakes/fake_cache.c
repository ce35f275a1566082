/*
 * Caches and cores. Cache operations are as strict as the longest cache line makes them: a range
 * that is not one block's would destroy what others have not written back yet.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip/chip.h"
#include "chip.h"
#include "esp_cache.h"
#include "esp_ipc_isr.h"
#include "fake_heap.h"
#include "fake_memory.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "rom/cache.h"

#define ROM_LINE   64u
#define MSYNC_LINE 128u

const uintptr_t fake_psram_data = CHIP_PSRAM_DATA, fake_psram_code = CHIP_PSRAM_CODE;

static int suspended;
static bool interrupted;

static void fence(unsigned *count)
{
    (*count)++;
    if (fake_heap.on_fence != NULL) {
        fake_heap.on_fence();
    }
}

void hotreload_arch_fence(void)
{
    fence(&fake_heap.fences);
}

void hotreload_arch_fence_isr(void *unused)
{
    (void)unused;
    assert_true(interrupted);
    fence(&fake_heap.other_fences);
}

/** Waits for the other core for ever where that does not answer, or is the same by now. */
void esp_ipc_isr_asm_call_blocking(esp_ipc_isr_func_t func, void *arg)
{
    assert_int_equal(suspended, 1);
    assert_false(fake_heap.scheduler_not_started);
    interrupted = true;
    func(arg);
    interrupted = false;
}

BaseType_t xTaskGetSchedulerState(void)
{
    return fake_heap.scheduler_not_started ? taskSCHEDULER_NOT_STARTED
           : suspended > 0                 ? taskSCHEDULER_SUSPENDED
                                           : taskSCHEDULER_RUNNING;
}

void vTaskSuspendAll(void)
{
    suspended++;
}

BaseType_t xTaskResumeAll(void)
{
    suspended--;
    return pdTRUE;
}

/** Internal memory with a cache has one view, so there is nothing to move. */
static bool is_cached_internal(uintptr_t address)
{
#ifdef SOC_CACHE_INTERNAL_MEM_VIA_L1CACHE
    return address >= SOC_DRAM_LOW && address < SOC_DRAM_HIGH;
#else
    (void)address;
    return false;
#endif
}

/** Where __NOINIT_ATTR puts variables, by the linker; not in every program. */
extern const uint8_t __start_noinit[] __attribute__((weak));
extern const uint8_t __stop_noinit[] __attribute__((weak));

static bool write_back(uintptr_t address, size_t size)
{
    if (address >= (uintptr_t)__start_noinit && address + size <= (uintptr_t)__stop_noinit) {
        return true;
    }
    assert_true(fake_memory_is_one_block(address, size));
    return is_cached_internal(address) || fake_psram_write_back(address, size);
}

static bool invalidate(uintptr_t address, size_t size)
{
    return is_cached_internal(address) || fake_psram_invalidate(address, size);
}

int Cache_WriteBack_Addr(uint32_t addr, uint32_t size)
{
    assert_int_equal(fake_critical_depth, 1);
    assert_int_equal(addr % ROM_LINE + size % ROM_LINE, 0);
    fake_heap.cache_operations++;
    return fake_heap.cache_error != 0 || !write_back(addr, size);
}

int Cache_Invalidate_Addr(uint32_t addr, uint32_t size)
{
    assert_int_equal(fake_critical_depth, 1);
    assert_int_equal(addr % ROM_LINE + size % ROM_LINE, 0);
    fake_heap.cache_operations++;
    return !invalidate(addr, size);
}

esp_err_t esp_cache_msync(void *addr, size_t size, int flags)
{
    bool to_cache = flags & ESP_CACHE_MSYNC_FLAG_DIR_M2C;
    bool instructions = flags & ESP_CACHE_MSYNC_FLAG_TYPE_INST;
    bool unaligned = flags & ESP_CACHE_MSYNC_FLAG_UNALIGNED;
    uintptr_t address = (uintptr_t)addr;
    fake_heap.cache_operations++;
    if (fake_heap.cache_error != ESP_OK) {
        return fake_heap.cache_error;
    }
    if (!unaligned && (address % MSYNC_LINE != 0 || size % MSYNC_LINE != 0)) {
        return ESP_ERR_INVALID_ARG;
    }
    if (to_cache ? unaligned || (flags & ESP_CACHE_MSYNC_FLAG_DIR_C2M) : instructions) {
        return ESP_ERR_INVALID_ARG;
    }
    bool known = to_cache ? invalidate(address, size) : write_back(address, size);
    return known ? ESP_OK : ESP_ERR_INVALID_ARG;
}

/*
 * How the last run ended, for each reset reason of an ESP-IDF (FAKE_IDF_VERSION), and the number
 * that a restart does not clear.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "system/crash.c" /* for its constructor, which a restart calls */

/** Where __NOINIT_ATTR puts variables, by the linker. */
extern uint8_t __start_noinit[], __stop_noinit[];

static esp_reset_reason_t reset_reason;
static uint32_t written_back;

esp_reset_reason_t esp_reset_reason(void)
{
    return reset_reason;
}

void hotreload_cache_write_back(void *data, size_t size)
{
    assert_int_equal(size, __stop_noinit - __start_noinit);
    assert_ptr_equal(data, __start_noinit);
    memcpy(&written_back, data, sizeof written_back);
}

static void restart(esp_reset_reason_t reason)
{
    reset_reason = reason;
    kept_before = UINT32_MAX; /* as all variables of the last run, it is gone */
    take_what_was_kept();
}

static void expect_crashed(uint32_t sequence)
{
    assert_int_equal(hotreload_port_take_crashed(), sequence);
    assert_int_equal(hotreload_port_take_crashed(), 0);
}

static void each_reset_reason_is_a_crash_or_not(void **test)
{
    static const bool crashes[] = {
        [ESP_RST_UNKNOWN] = false,
        [ESP_RST_POWERON] = false,
        [ESP_RST_EXT] = false,
        [ESP_RST_SW] = false,
        [ESP_RST_PANIC] = true,
        [ESP_RST_INT_WDT] = true,
        [ESP_RST_TASK_WDT] = true,
        [ESP_RST_WDT] = true,
        [ESP_RST_DEEPSLEEP] = false,
        [ESP_RST_BROWNOUT] = false,
        [ESP_RST_SDIO] = false,
#if ESP_IDF_VERSION >= ESP_IDF_VERSION_VAL(5, 3, 0)
        [ESP_RST_USB] = false,
        [ESP_RST_JTAG] = false,
        [ESP_RST_EFUSE] = false,
        [ESP_RST_PWR_GLITCH] = false,
        [ESP_RST_CPU_LOCKUP] = true,
#endif
    };
    for (size_t reason = 0; reason < COUNT(crashes); reason++) {
        hotreload_port_retain(7);
        restart((esp_reset_reason_t)reason);
        expect_crashed(crashes[reason] ? 7 : 0);
    }
}

static void the_number_kept_last_counts(void **test)
{
    const uint32_t numbers[] = {1, UINT32_MAX, 7, 0};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        hotreload_port_retain(5);
        hotreload_port_retain(numbers[i]);
        assert_int_equal(written_back, numbers[i]);
        restart(ESP_RST_PANIC);
        expect_crashed(numbers[i]);
    }
}

/** It ran in an earlier run than the one that crashed. */
static void what_was_on_trial_before_a_restart_did_not_crash_after_it(void **test)
{
    hotreload_port_retain(7);
    restart(ESP_RST_SW);
    restart(ESP_RST_PANIC); /* before anything was loaded */
    expect_crashed(0);
}

static void what_the_ram_holds_after_a_loss_of_power_is_no_number(void **test)
{
    const size_t size = (size_t)(__stop_noinit - __start_noinit);
    assert_int_equal(size, 8);
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        memset(__start_noinit, (int)pattern, size);
        restart(ESP_RST_PANIC);
        expect_crashed(0);
    }
    hotreload_port_retain(9);
    __start_noinit[size - 1] ^= 1;
    restart(ESP_RST_PANIC);
    expect_crashed(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reset_reason_is_a_crash_or_not),
        cmocka_unit_test(the_number_kept_last_counts),
        cmocka_unit_test(what_was_on_trial_before_a_restart_did_not_crash_after_it),
        cmocka_unit_test(what_the_ram_holds_after_a_loss_of_power_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

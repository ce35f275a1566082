/*
 * The whole device on the host: the real core above the port, from an upload over HTTP to code at
 * its run address, and back to an empty heap.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip.h"
#include "client.h"
#include "fake_port.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_heap.h"
#include "fakes/fake_log.h"
#include "fakes/fake_partition.h"
#include "fakes/fake_timer.h"
#include "loader/table.h"
#include "receive/auth.h"
#include "receive/requests.h"
#include "run/status.h"
#include "store/store.h"
#include "store_reset.h"

static const hotreload_config_t config = USE_PSRAM ? (hotreload_config_t)HOTRELOAD_CONFIG_SPIRAM()
                                                   : (hotreload_config_t)HOTRELOAD_CONFIG_DEFAULT();

static int setup(void **test)
{
    device_reset();
    return hotreload_server_start(&server_config);
}

static int teardown(void **test)
{
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    device_expect_nothing_left();
    return 0;
}

/** Uploads module `seed` and reloads; the chip must then fetch its text at the stubs' targets. */
static void expect_update_runs(uint32_t seed)
{
    module_layout_t layout;
    uint8_t *module = build_module(seed, &layout);
    fake_response_t response = upload(module, layout.size, hotreload_secret);
    assert_string_equal(response.status, "200 OK");
    assert_true(hotreload_update_available());
    assert_non_null(strstr(get("/pending").body, "true"));
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_false(hotreload_update_available());
    uint32_t alpha = hotreload_firmware_table.slots[0];
    assert_memory_equal((const void *)(uintptr_t)alpha, module + layout.text, 1200);
    assert_int_equal(hotreload_firmware_table.slots[1], alpha + 0x10);
    uint32_t bus = USE_PSRAM ? CHIP_PSRAM_CODE : CHIP_CODE_ALIAS;
    assert_true(alpha - bus < (USE_PSRAM ? 0x100000u : 0x8000u));
    free(module);
}

static void an_uploaded_module_runs_and_the_next_takes_its_place(void **test)
{
    expect_update_runs(1);
    assert_int_equal(fake_heap.live, 2);
    expect_update_runs(2);
    assert_int_equal(fake_heap.live, 2);
    assert_non_null(strstr(get("/status").body, "\"loaded\":true"));
    assert_non_null(strstr(get("/status").body, "0102030405060708090a"));
}

static void fifty_reloads_leave_one_module(void **test)
{
    for (uint32_t seed = 0; seed < 50; seed++) {
        expect_update_runs(seed);
        assert_int_equal(fake_heap.live, 2);
        assert_int_equal(fake_partition.maps, 0);
    }
}

/** Fences of both cores while the old code was still the one to be called. */
static struct {
    uint32_t old_slot;
    unsigned fences, other_fences;
} in_time;

static void count_in_time(void)
{
    if (hotreload_firmware_table.slots[0] == in_time.old_slot) {
        in_time.fences = fake_heap.fences;
        in_time.other_fences = fake_heap.other_fences;
    }
}

static void every_core_fences_before_the_new_code_can_be_called(void **test)
{
    expect_update_runs(1);
    fake_heap.fences = fake_heap.other_fences = 0;
    in_time.old_slot = hotreload_firmware_table.slots[0];
    fake_heap.on_fence = count_in_time;
    expect_update_runs(2);
    fake_heap.on_fence = NULL;
    assert_int_equal(in_time.fences, 2); /* before a look at the tasks, and before the change */
    assert_int_equal(in_time.other_fences, CORES - 1);
    /* Three are of hotreload_port_alone(), which holds the other core: two_cores.c fences it. */
    assert_int_equal(fake_heap.other_fences, (CORES - 1) * (fake_heap.fences - 3));
}

static void a_proven_upload_is_taken_once(void **test)
{
    upload_t proven;
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    prepare_upload(&proven, module, layout.size, hotreload_secret);
    assert_string_equal(send_request(&proven.request).status, "200 OK");
    assert_string_equal(send_request(&proven.request).status, "403 Error");
    prepare_upload(&proven, module, layout.size, hotreload_secret);
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_int_equal(hotreload_server_start(&server_config), ESP_OK);
    assert_string_equal(send_request(&proven.request).status, "403 Error");
    assert_string_equal(upload(module, layout.size, hotreload_secret).status, "200 OK");
    free(module);
}

static bool stored_when_loaded;

/** The application finds the module while the server's task lets others run. */
static void reload_once(void)
{
    if (hotreload_update_available()) {
        assert_int_equal(hotreload_reload(&config), ESP_OK);
        hotreload_status_t status;
        hotreload_status_get(&status);
        stored_when_loaded = hotreload_store_has_running();
    }
}

static void a_module_runs_before_the_flash_has_it(void **test)
{
    upload_t proven;
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    hotreload_server_config_t ram_first = server_config;
    ram_first.run_from_ram_first = true;
    assert_int_equal(hotreload_server_stop(), ESP_OK);
    assert_int_equal(hotreload_server_start(&ram_first), ESP_OK);
    prepare_upload(&proven, module, layout.size, hotreload_secret);
    stored_when_loaded = true;
    fake_on_delay = reload_once;
    assert_string_equal(send_request(&proven.request).status, "200 OK");
    fake_on_delay = NULL;
    assert_false(stored_when_loaded);
    assert_non_null(strstr(get("/status").body, "\"stored\":true"));
    assert_int_equal(fake_heap.live, 2);

    assert_int_equal(hotreload_unload(), ESP_OK);
    store_reset();
    assert_int_equal(hotreload_load(&config), ESP_OK);
    free(module);
}

/** A task that holds the store's lock, for an upload, does not hold up the task of esp_timer. */
static void the_end_of_a_trial_keeps_no_timer_waiting(void **test)
{
    uint8_t before[FAKE_PARTITION_SIZE];
    expect_update_runs(1);
    expect_update_runs(2);
    memcpy(before, fake_partition.content, sizeof before);
    hotreload_port_lock(HOTRELOAD_LOCK_STORE);
    fake_timer_expire();
    hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    assert_memory_equal(before, fake_partition.content, sizeof before);
    assert_non_null(strstr(get("/status").body, "\"trial\":true"));
    assert_true(fake_task_run());
    assert_non_null(strstr(get("/status").body, "\"trial\":false"));
    assert_non_null(strstr(fake_log, "module 2 is good"));
    assert_memory_not_equal(before, fake_partition.content, sizeof before);
}

static void what_the_core_refuses_reaches_the_client(void **test)
{
    const uint8_t wrong[HOTRELOAD_SECRET_SIZE] = {1};
    module_layout_t layout;
    uint8_t *module = build_module(1, &layout);
    assert_string_equal(upload(module, layout.size, wrong).status, "403 Error");
    free(module);

    fake_port.firmware_id[5] ^= 1;
    module = build_module(1, &layout);
    assert_string_equal(upload(module, layout.size, hotreload_secret).status, "409 Error");
    free(module);

    assert_string_equal(upload((const uint8_t *)"no module", 9, hotreload_secret).status,
                        "422 Error");
    assert_false(hotreload_update_available());
}

static void memory_that_runs_out_keeps_the_old_module(void **test)
{
    expect_update_runs(1);
    uint32_t alpha = hotreload_firmware_table.slots[0];
    module_layout_t layout;
    uint8_t *module = build_module(2, &layout);
    assert_string_equal(upload(module, layout.size, hotreload_secret).status, "200 OK");
    free(module);
    for (unsigned allocation = 1; allocation <= 2; allocation++) {
        fake_heap.fail_allocation = allocation;
        assert_int_equal(hotreload_reload(&config), ESP_ERR_NO_MEM);
        assert_int_equal(hotreload_firmware_table.slots[0], alpha);
        assert_int_equal(fake_heap.live, 2);
    }
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_int_equal(fake_heap.live, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_uploaded_module_runs_and_the_next_takes_its_place),
        TEST(fifty_reloads_leave_one_module),
        TEST(the_end_of_a_trial_keeps_no_timer_waiting),
        TEST(every_core_fences_before_the_new_code_can_be_called),
        TEST(a_proven_upload_is_taken_once),
        TEST(what_the_core_refuses_reaches_the_client),
        TEST(memory_that_runs_out_keeps_the_old_module),
        TEST(a_module_runs_before_the_flash_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

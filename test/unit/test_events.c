/*
 * The events that the application gets, and their data.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "patched.h"

/** Fails the test unless this event was posted since the last look. */
static void expect_event(hotreload_event_t event, uint32_t sequence, const char *words)
{
    assert_true(fake_port.event_count <= FAKE_EVENTS);
    for (unsigned i = 0; i < fake_port.event_count; i++) {
        const hotreload_event_data_t *data = &fake_port.events[i].data;
        if (fake_port.events[i].event == event && data->sequence == sequence &&
            (words == NULL ? data->reason[0] == '\0' : strstr(data->reason, words) != NULL)) {
            fake_port.event_count = 0;
            return;
        }
    }
    fail_msg("no event %d of module %u among %u", (int)event, (unsigned)sequence,
             fake_port.event_count);
}

static esp_err_t upload(const module_spec_t *spec)
{
    size_t size;
    uint8_t *module = module_build(spec, NULL, &size);
    const esp_err_t error = hotreload_update_partition(FAKE_FLASH_LABEL, module, size);
    free(module);
    return error;
}

static void an_upload_and_its_load(void **state)
{
    const module_spec_t spec = module_spec_default();
    assert_int_equal(upload(&spec), ESP_OK);
    expect_event(HOTRELOAD_EVENT_UPLOADED, 1, NULL);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    expect_event(HOTRELOAD_EVENT_LOADED, 1, NULL);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    expect_event(HOTRELOAD_EVENT_MARKED_VALID, 1, NULL);
    assert_int_equal(hotreload_mark_valid(), ESP_OK); /* it is no longer on trial */
    assert_int_equal(fake_port.event_count, 0);
}

static void a_patch(void **state)
{
    loaded_start(1);
    const module_spec_t patch = patched_spec();
    assert_int_equal(upload(&patch), ESP_OK);
    expect_event(HOTRELOAD_EVENT_UPLOADED, 2, NULL);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    expect_event(HOTRELOAD_EVENT_PATCHED, 2, NULL);
}

static void a_module_from_memory(void **state)
{
    size_t size;
    uint8_t *module = loaded_module(1, &size);
    assert_int_equal(hotreload_load_from_buffer(module, size), ESP_OK);
    free(module);
    expect_event(HOTRELOAD_EVENT_LOADED, 0, NULL);
}

static void a_success_with_a_warning_is_no_failure(void **state)
{
    const module_spec_t spec = module_spec_default();
    assert_int_equal(upload(&spec), ESP_OK);
    fake_port.firmware_id[0] ^= 1;
    assert_int_equal(upload(&spec), ESP_OK);
    fake_port.firmware_id[0] ^= 1;
    fake_port.event_count = 0;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_non_null(strstr(loaded_status().last_error.text, "another firmware"));
    expect_event(HOTRELOAD_EVENT_LOADED, 1, NULL);
    for (unsigned i = 0; i < FAKE_EVENTS; i++) {
        assert_int_not_equal(fake_port.events[i].event, HOTRELOAD_EVENT_FAILED);
    }
}

static void failures_have_a_reason(void **state)
{
    assert_int_equal(hotreload_load(&loaded_config), ESP_ERR_NOT_FOUND);
    expect_event(HOTRELOAD_EVENT_FAILED, 0, "holds no module");
    size_t size;
    uint8_t *foreign = loaded_module(1, &size);
    fake_port.firmware_id[0] ^= 1;
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, foreign, size),
                     ESP_ERR_INVALID_VERSION);
    free(foreign);
    expect_event(HOTRELOAD_EVENT_FAILED, 0, "linked with another firmware");
    assert_int_equal(hotreload_unload(), ESP_ERR_HOTRELOAD_NOT_LOADED);
    expect_event(HOTRELOAD_EVENT_FAILED, 0, "no module is loaded");
}

static void a_rollback(void **state)
{
    loaded_start(1);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    loaded_store(2);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_restart(true);
    fake_port.event_count = 0;
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    expect_event(HOTRELOAD_EVENT_ROLLED_BACK, 1, "module 2 crashed on trial");
}

/** The base is a constant, so that a handler can be registered before anything happens. */
static void the_base_has_a_name(void **state)
{
    assert_string_equal(HOTRELOAD_EVENT, "HOTRELOAD_EVENT");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loaded_set_up, loaded_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_upload_and_its_load),
        TEST(a_patch),
        TEST(a_module_from_memory),
        TEST(failures_have_a_reason),
        TEST(a_rollback),
        TEST(the_base_has_a_name),
        TEST(a_success_with_a_warning_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

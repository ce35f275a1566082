/*
 * hotreload_start() and hotreload_stop(): what they start, and what an error leaves behind.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "loaded.h"
#include "store/state.h"
#include "store/store.h"

/* ---- The server and the console ---- */

typedef struct {
    bool runs;
    unsigned starts;
    esp_err_t start_error, stop_error;
} receiver_t;

static receiver_t server, serial;
static hotreload_server_config_t server_config;
static hotreload_serial_config_t serial_config;

static esp_err_t start_receiver(receiver_t *receiver)
{
    receiver->starts++;
    if (receiver->start_error != ESP_OK) {
        return receiver->start_error;
    }
    assert_false(receiver->runs);
    receiver->runs = true;
    return ESP_OK;
}

static esp_err_t stop_receiver(receiver_t *receiver)
{
    if (receiver->stop_error != ESP_OK) {
        return receiver->stop_error;
    }
    assert_true(receiver->runs);
    receiver->runs = false;
    return ESP_OK;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    hotreload_reason_t unused;
    server_config = *config;
    (void)hotreload_store_open(config->partition_label, &unused); /* as the real one */
    return start_receiver(&server);
}

esp_err_t hotreload_server_stop(void)
{
    return stop_receiver(&server);
}

esp_err_t hotreload_serial_start(const hotreload_serial_config_t *config)
{
    serial_config = *config;
    return start_receiver(&serial);
}

esp_err_t hotreload_serial_stop(void)
{
    return stop_receiver(&serial);
}

/* ---- The application ---- */

static hotreload_start_config_t config;
static unsigned befores, afters;
static esp_err_t last_error;

static void before(void *context)
{
    assert_ptr_equal(context, &config);
    assert_int_equal(hotreload_store_state.readers, 0); /* it may open another partition */
    befores++;
}

static void after(esp_err_t error, void *context)
{
    assert_ptr_equal(context, &config);
    assert_int_equal(hotreload_store_state.readers, 0);
    afters++;
    last_error = error;
}

static int set_up(void **state)
{
    config = (hotreload_start_config_t)HOTRELOAD_START_CONFIG_DEFAULT();
    config.before = before;
    config.after = after;
    config.context = &config;
    server = serial = (receiver_t){.runs = false};
    befores = afters = 0;
    last_error = ESP_OK;
    return loaded_set_up(state);
}

static int tear_down(void **state)
{
    server.stop_error = ESP_OK;
    (void)hotreload_stop();
    assert_false(server.runs);
    assert_false(serial.runs);
    assert_null(fake_port.worker.work);
    return loaded_tear_down(state);
}

/* ---- Tests ---- */

static void it_starts_all_and_loads(void **state)
{
    loaded_store(1);
    config.port = 81;
    config.max_upload_size = 5000;
    config.run_from_ram_first = true;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    assert_true(server.runs && serial.runs);
    assert_int_equal(server_config.port, 81);
    assert_string_equal(server_config.partition_label, FAKE_FLASH_LABEL);
    assert_int_equal(server_config.max_upload_size, 5000);
    assert_true(server_config.run_from_ram_first);
    assert_string_equal(serial_config.partition_label, FAKE_FLASH_LABEL);
    assert_int_equal(serial_config.max_upload_size, 5000);
    assert_true(serial_config.run_from_ram_first);
    loaded_expect(1);
    assert_true(hotreload_is_loaded());
    assert_int_equal(afters, 1);
    assert_int_equal(last_error, ESP_OK);
    assert_int_equal(befores, 0);
    assert_null(fake_port.worker.work); /* the application reloads */
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_false(server.runs || serial.runs);
    loaded_expect(1);
}

static void server_and_module_share_one_mapping(void **state)
{
    loaded_store(1);
    loaded_restart(false);
    fake_flash.maps_whole = true;
    fake_flash.first_maps = 0;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    loaded_expect(1);
    assert_int_equal(fake_flash.first_maps, 1);
    assert_int_equal(fake_flash.live_maps, 0);
}

static void it_starts_only_what_is_asked_for(void **state)
{
    config.server = config.serial = false;
    config.after = NULL;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    assert_int_equal(server.starts + serial.starts, 0);
}

static void no_module_is_no_error(void **state)
{
    assert_int_equal(hotreload_start(&config), ESP_OK);
    loaded_expect_none();
    assert_false(hotreload_is_loaded());
    assert_true(server.runs);
    assert_int_equal(afters, 1);
    assert_int_equal(last_error, ESP_ERR_NOT_FOUND);
    loaded_expect_log("holds no module");
}

/** As after an update of the firmware alone. */
static void a_foreign_module_is_no_error_and_the_log_has_the_command(void **state)
{
    loaded_store(1);
    fake_port.firmware_id[0] ^= 1;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    loaded_expect_none();
    assert_true(server.runs);
    assert_int_equal(last_error, ESP_ERR_INVALID_VERSION);
    loaded_expect_log("linked with another firmware: run idf.py reload");
    assert_non_null(strstr(loaded_status().last_error.text, "idf.py reload"));
}

static void what_was_loaded_before_stays(void **state)
{
    loaded_start(1);
    loaded_store(2);
    assert_int_equal(hotreload_start(&config), ESP_OK);
    loaded_expect(1);
    assert_int_equal(afters, 0);
}

static void a_second_start_is_refused(void **state)
{
    assert_int_equal(hotreload_start(&config), ESP_OK);
    assert_int_equal(hotreload_start(&config), ESP_ERR_INVALID_STATE);
    assert_true(server.runs);
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_int_equal(hotreload_stop(), ESP_ERR_INVALID_STATE);
    assert_int_equal(hotreload_start(&config), ESP_OK);
}

static void arguments_are_checked(void **state)
{
    assert_int_equal(hotreload_start(NULL), ESP_ERR_INVALID_ARG);
    config.partition_label = NULL;
    assert_int_equal(hotreload_start(&config), ESP_ERR_INVALID_ARG);
    assert_int_equal(server.starts, 0);
}

static void an_error_leaves_the_module_and_nothing_else(void **state)
{
    loaded_store(1);
    config.auto_reload = true;
    server.start_error = ESP_FAIL;
    assert_int_equal(hotreload_start(&config), ESP_FAIL);
    loaded_expect(1);
    assert_int_equal(serial.starts, 0);
    assert_null(fake_port.worker.work);
    server.start_error = ESP_OK;
    serial.start_error = ESP_ERR_NOT_SUPPORTED;
    assert_int_equal(hotreload_start(&config), ESP_ERR_NOT_SUPPORTED);
    assert_false(server.runs);
    serial.start_error = ESP_OK;
    fake_port.fail_worker = true;
    assert_int_equal(hotreload_start(&config), ESP_ERR_NO_MEM);
    assert_false(server.runs || serial.runs);
    fake_port.fail_worker = false;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    assert_true(server.runs && serial.runs);
}

static void the_task_is_as_configured(void **state)
{
    config.auto_reload = true;
    config.task_stack_size = 6000;
    config.task_priority = 3;
    config.task_core = 1;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    assert_int_equal(fake_port.worker.stack_size, 6000);
    assert_int_equal(fake_port.worker.priority, 3);
    assert_int_equal(fake_port.worker.core, 1);
}

static void a_callback_cannot_stop_it(void **state)
{
    config.auto_reload = true;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    fake_port.is_worker = true;
    assert_int_equal(hotreload_stop(), ESP_ERR_INVALID_STATE);
    assert_true(server.runs && serial.runs);
    fake_port.is_worker = false;
    assert_int_equal(hotreload_stop(), ESP_OK);
}

static void a_server_that_does_not_stop_can_be_stopped_again(void **state)
{
    config.auto_reload = true;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    server.stop_error = ESP_FAIL;
    assert_int_equal(hotreload_stop(), ESP_FAIL);
    assert_true(server.runs && serial.runs);
    assert_non_null(fake_port.worker.work);
    server.stop_error = ESP_OK;
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_false(server.runs || serial.runs);
    assert_null(fake_port.worker.work);
}

static void without_memory_for_its_task_the_rest_can_be_stopped_again(void **state)
{
    config.auto_reload = true;
    assert_int_equal(hotreload_start(&config), ESP_OK);
    server.stop_error = ESP_FAIL;
    fake_port.fail_worker = true;
    assert_int_equal(hotreload_stop(), ESP_FAIL);
    assert_int_equal(hotreload_stop(), ESP_FAIL);
    assert_true(server.runs && serial.runs);
    server.stop_error = ESP_OK;
    assert_int_equal(hotreload_stop(), ESP_OK);
}

static void what_a_failed_start_could_not_stop_is_stopped_later(void **state)
{
    config.auto_reload = true;
    server.stop_error = ESP_FAIL;
    fake_port.fail_worker = true;
    assert_int_equal(hotreload_start(&config), ESP_ERR_NO_MEM);
    assert_true(server.runs && serial.runs);
    assert_int_equal(hotreload_start(&config), ESP_ERR_INVALID_STATE);
    server.stop_error = ESP_OK;
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_false(server.runs || serial.runs);
}

static void what_the_application_has_stopped_is_no_error(void **state)
{
    assert_int_equal(hotreload_start(&config), ESP_OK);
    server.stop_error = ESP_ERR_INVALID_STATE; /* of a server that does not run */
    server.runs = false;
    assert_int_equal(hotreload_stop(), ESP_OK);
    assert_false(serial.runs);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_starts_all_and_loads),
        TEST(server_and_module_share_one_mapping),
        TEST(it_starts_only_what_is_asked_for),
        TEST(no_module_is_no_error),
        TEST(a_foreign_module_is_no_error_and_the_log_has_the_command),
        TEST(what_was_loaded_before_stays),
        TEST(a_second_start_is_refused),
        TEST(arguments_are_checked),
        TEST(an_error_leaves_the_module_and_nothing_else),
        TEST(the_task_is_as_configured),
        TEST(a_callback_cannot_stop_it),
        TEST(a_server_that_does_not_stop_can_be_stopped_again),
        TEST(without_memory_for_its_task_the_rest_can_be_stopped_again),
        TEST(what_a_failed_start_could_not_stop_is_stopped_later),
        TEST(what_the_application_has_stopped_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

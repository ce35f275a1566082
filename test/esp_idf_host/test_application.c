/*
 * An application that reloads, that of README.md. It goes on with what it has: without a module,
 * with one that is refused, and without uploads.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_log.h"
#include "hotreload.h"
#include "reloadable.h"

void app_main(void);

/** What the device does, and what the application made of it. */
static struct {
    esp_err_t load, reload, server;
    bool available;
    bool loaded, uploads, initialised;
    unsigned reloads, greetings;
} device;

static jmp_buf end;
static unsigned delays;
/** What happens at the end of a round of the application's loop; returns false: nothing more. */
static bool (*next_round)(unsigned round);

static void on_delay(void)
{
    if (!next_round(++delays)) {
        longjmp(end, 1);
    }
}

static void run(bool (*rounds)(unsigned round))
{
    delays = 0;
    next_round = rounds;
    fake_on_delay = on_delay;
    if (setjmp(end) == 0) {
        app_main();
        fail_msg("the application has ended");
    }
    fake_on_delay = NULL;
}

static int setup(void **test)
{
    memset(&device, 0, sizeof device);
    fake_log[0] = '\0';
    return 0;
}

/* ---- hotreload ---- */

static esp_err_t load(esp_err_t error)
{
    device.loaded |= error == ESP_OK;
    device.initialised &= error != ESP_OK; /* its variables start anew */
    return error;
}

esp_err_t hotreload_load(const hotreload_config_t *config)
{
    assert_string_equal(config->partition_label, "hotreload");
    assert_false(device.loaded);
    return load(device.load);
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    assert_non_null(config);
    assert_true(device.available);
    device.available = false;
    device.reloads++;
    return load(device.reload);
}

bool hotreload_update_available(void)
{
    return device.available;
}

esp_err_t hotreload_server_start(const hotreload_server_config_t *config)
{
    assert_string_equal(config->partition_label, "hotreload");
    device.uploads = true;
    return device.server;
}

/* ---- Reloadable functions: without a module, the chip would stop ---- */

void reloadable_init(void)
{
    assert_true(device.loaded);
    device.initialised = true;
}

void reloadable_hello(const char *name)
{
    assert_string_equal(name, "World");
    assert_true(device.initialised);
    device.greetings++;
}

/* ---- Tests ---- */

static bool three_rounds(unsigned round)
{
    return round < 3;
}

static bool an_update_in_the_second_round(unsigned round)
{
    device.available = round == 2;
    return round < 5;
}

static void it_takes_updates(void **test)
{
    run(an_update_in_the_second_round);
    assert_true(device.uploads);
    assert_int_equal(device.reloads, 1);
    assert_int_equal(device.greetings, 5);
}

static void without_a_module_it_waits_for_one(void **test)
{
    device.load = ESP_ERR_INVALID_VERSION;
    run(three_rounds);
    assert_true(device.uploads);
    assert_int_equal(device.greetings, 0);
    run(an_update_in_the_second_round);
    assert_int_equal(device.greetings, 2);
}

static void a_module_that_is_refused_changes_nothing(void **test)
{
    device.reload = ESP_ERR_NO_MEM;
    run(an_update_in_the_second_round);
    assert_int_equal(device.reloads, 1);
    assert_int_equal(device.greetings, 5);
}

static void none_that_can_be_loaded_is_no_reason_to_stop(void **test)
{
    device.load = ESP_ERR_NOT_FOUND;
    device.reload = ESP_ERR_INVALID_VERSION;
    run(an_update_in_the_second_round);
    assert_int_equal(device.reloads, 1);
    assert_int_equal(device.greetings, 0);
}

static void without_a_server_it_runs_what_it_has(void **test)
{
    device.server = ESP_FAIL;
    run(three_rounds);
    assert_int_equal(device.greetings, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_takes_updates, setup),
        cmocka_unit_test_setup(without_a_module_it_waits_for_one, setup),
        cmocka_unit_test_setup(a_module_that_is_refused_changes_nothing, setup),
        cmocka_unit_test_setup(none_that_can_be_loaded_is_no_reason_to_stop, setup),
        cmocka_unit_test_setup(without_a_server_it_runs_what_it_has, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

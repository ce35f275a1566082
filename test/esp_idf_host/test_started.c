/*
 * Applications with hotreload_start(), the basic example and that of README.md: they go on with
 * what they have, with and without a module. The example connects to the network and initialises
 * each whole module (COMPLETE).
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fakes/fake_freertos.h"
#include "fakes/fake_log.h"
#include "hotreload.h"
#include "network.h"
#include "reloadable.h"
#include "reloadable_math.h"

void app_main(void);

static hotreload_start_config_t config;
static struct {
    esp_err_t load;   /* of the module that is there at the start */
    esp_err_t reload; /* at the end of the second round */
    bool has_update;
    bool connected, loaded, initialised;
    unsigned greetings;
} device;

static jmp_buf end;
static unsigned rounds;

static void load(esp_err_t error)
{
    device.loaded |= error == ESP_OK;
    device.initialised &= error != ESP_OK; /* its variables start anew */
    if (config.after != NULL) {
        config.after(error, config.context);
    }
}

static void on_delay(void)
{
    rounds++;
    if (rounds == 2 && device.has_update) {
        load(device.reload); /* in another task */
    }
    if (rounds == 5) {
        longjmp(end, 1);
    }
}

static void run(void)
{
    rounds = 0;
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
    return 0;
}

/* ---- hotreload and the network ---- */

void connect_to_network(void)
{
    device.connected = true;
}

esp_err_t hotreload_start(const hotreload_start_config_t *new_config)
{
    assert_int_equal(device.connected, COMPLETE);
    config = *new_config;
    assert_string_equal(config.partition_label, "hotreload");
    assert_true(config.server && config.auto_reload);
    assert_int_equal(config.after != NULL, COMPLETE);
    assert_int_equal(config.port, 8080);
    load(device.load);
    return ESP_OK;
}

bool hotreload_is_loaded(void)
{
    return device.loaded;
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
    assert_true(device.loaded);
    assert_int_equal(device.initialised, COMPLETE);
    device.greetings++;
}

int reloadable_add(int a, int b)
{
    assert_true(device.initialised);
    return a + b;
}

int reloadable_multiply(int a, int b)
{
    assert_true(device.initialised);
    return a * b;
}

/* ---- Tests ---- */

static void it_takes_updates(void **test)
{
    device.has_update = true;
    run();
    assert_int_equal(device.greetings, 5);
}

static void without_a_module_it_waits_for_one(void **test)
{
    device.load = ESP_ERR_INVALID_VERSION;
    run();
    assert_int_equal(device.greetings, 0);
    device.has_update = true;
    run();
    assert_int_equal(device.greetings, 3);
}

static void a_module_that_is_refused_changes_nothing(void **test)
{
    device.has_update = true;
    device.reload = ESP_ERR_NO_MEM;
    run();
    assert_int_equal(device.greetings, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_takes_updates, setup),
        cmocka_unit_test_setup(without_a_module_it_waits_for_one, setup),
        cmocka_unit_test_setup(a_module_that_is_refused_changes_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

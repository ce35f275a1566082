/*
 * Memory that runs out anywhere in the life of a device: load, upload, reload, update, load from
 * memory, unload, and all again. Each allocation of it fails once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "loaded.h"
#include "sent.h"

/** The modules of a life, by their seeds. */
enum { FIRST = 1, UPLOADED, UPDATED, FROM_MEMORY };

static esp_err_t load(void)
{
    return hotreload_load(&loaded_config);
}

static esp_err_t reload(void)
{
    return hotreload_reload(&loaded_config);
}

/** Out of memory is 500 here: what else can be, the tests of uploads tell. */
static esp_err_t upload(void)
{
    sent_t sent;
    size_t size;
    hotreload_answer_t answer;
    uint8_t *body = loaded_module(UPLOADED, &size);
    unsigned fail_allocation = fake_port.fail_allocation;
    fake_port.fail_allocation = 0; /* the sender's own hashes do not count */
    sent_describe(&sent, body, size);
    fake_port.fail_allocation = fail_allocation;
    int status = sent_upload(&sent, 100, &answer);
    sent_free(&sent);
    assert_true(status == 200 || status == 500);
    return status == 200 ? ESP_OK : ESP_ERR_NO_MEM;
}

static esp_err_t update(void)
{
    size_t size;
    uint8_t *file = loaded_module(UPDATED, &size);
    esp_err_t error = hotreload_update_partition("hotreload", file, size);
    free(file);
    return error;
}

static esp_err_t load_from_memory(void)
{
    size_t size;
    uint8_t *file = loaded_module(FROM_MEMORY, &size);
    esp_err_t error = hotreload_load_from_buffer(file, size);
    free(file);
    return error;
}

static const struct {
    esp_err_t (*run)(void);
    uint32_t runs; /**< the module that runs after it; 0: none */
} steps[] = {
    {load, FIRST},      {upload, FIRST},       {reload, UPLOADED},
    {update, UPLOADED}, {reload, UPDATED},     {load_from_memory, FROM_MEMORY},
    {reload, UPDATED},  {hotreload_unload, 0},
};

#define STEPS (COUNT(steps))

static void expect_runs(uint32_t seed)
{
    if (seed == 0) {
        loaded_expect_none();
    } else {
        loaded_expect(seed);
    }
}

/**
 * A step whose allocation fails says so, changes nothing, and works later. Only looking whether old
 * code can be freed is tried again without a word.
 *
 * @return whether an allocation failed
 */
static bool live(unsigned fail_allocation)
{
    uint32_t running = 0;
    bool failed = false;
    loaded_store(FIRST);
    fake_port.fail_allocation = fail_allocation;
    for (size_t i = 0; i < STEPS; i++) {
        esp_err_t error = steps[i].run();
        if (error != ESP_OK) {
            assert_false(failed);
            assert_int_equal(error, ESP_ERR_NO_MEM);
            assert_int_equal(fake_port.fail_allocation, 0);
            failed = true;
            expect_runs(running);
            assert_int_equal(steps[i].run(), ESP_OK);
        }
        running = steps[i].runs;
        expect_runs(running);
    }
    const bool consumed = fake_port.fail_allocation == 0;
    fake_port.fail_allocation = 0;
    return consumed;
}

static void each_allocation_of_a_life_fails_once(void **state)
{
    unsigned failures = 0;
    while (live(failures + 1)) {
        failures++;
        loaded_tear_down(state); /* which fails if anything is left */
        loaded_set_up(state);
    }
    printf("%u allocations failed, each once\n", failures);
    assert_true(failures >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_allocation_of_a_life_fails_once, loaded_set_up,
                                        loaded_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

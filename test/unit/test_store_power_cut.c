/*
 * Losses of power. A scenario is a list of operations. The power goes before, in and after each
 * write and erase of it. An operation takes effect with its last one: the boot after the cut finds
 * the state before the operation or the state after it, whole. Then the scenario goes on to its
 * end, and one more update works. Run "reentrant", the power goes a second time, at every point of
 * the recovery.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "loaded.h"
#include "module_builder.h"
#include "run/settle.h"
#include "run/status.h"
#include "run/trial.h"
#include "run/upload_check.h"
#include "store/record.h"
#include "stored.h"

typedef enum {
    END,
    STORE,      /**< a new module goes to the flash */
    HOLD,       /**< a new module goes to RAM */
    PATCH,      /**< a patch of the module that runs goes to the flash */
    HOLD_PATCH, /**< one goes to RAM */
    SETTLE,     /**< what is in RAM goes to the flash */
    RELOAD,
    VALID, /**< the module that runs becomes good */
    CRASH, /**< a restart from a panic, and the boot after it */
} operation_t;

#define MOST_STEPS 8u

typedef struct {
    const char *name;
    unsigned before; /**< good modules that are there: their seeds are 1, 2, ... */
    bool full;       /**< the partition has room for just two modules */
    operation_t steps[MOST_STEPS + 1];
} scenario_t;

static const scenario_t scenarios[] = {
    {"first install", 0, false, {STORE, RELOAD, VALID}},
    {"update of one", 1, false, {STORE, RELOAD, VALID}},
    {"update of an update", 2, false, {STORE, RELOAD, VALID}},
    {"update of a full partition", 2, true, {STORE, RELOAD, VALID}},
    {"two updates of a full partition", 1, true, {STORE, RELOAD, VALID, STORE, RELOAD, VALID}},
    {"first install that crashes", 0, false, {STORE, RELOAD, CRASH}},
    {"update that crashes", 1, false, {STORE, RELOAD, CRASH}},
    {"update of a full partition that crashes", 2, true, {STORE, RELOAD, CRASH}},
    {"update after a crash", 1, false, {STORE, RELOAD, CRASH, STORE, RELOAD, VALID}},
    {"run later, from RAM first", 1, false, {HOLD, SETTLE, RELOAD, VALID}},
    {"stored while it runs", 1, false, {HOLD, RELOAD, SETTLE, VALID}},
    {"stored when it is good", 1, false, {HOLD, RELOAD, VALID, SETTLE}},
    {"crash after it was stored", 1, false, {HOLD, RELOAD, SETTLE, CRASH}},
    {"patch", 1, false, {PATCH, RELOAD, VALID}},
    {"patch that crashes", 1, false, {PATCH, RELOAD, CRASH}},
    {"patch after a patch", 1, false, {PATCH, RELOAD, VALID, PATCH, RELOAD, VALID}},
    {"second patch that crashes", 1, false, {PATCH, RELOAD, VALID, PATCH, RELOAD, CRASH}},
    {"patch of a module on trial", 1, false, {STORE, RELOAD, PATCH, RELOAD, CRASH}},
    {"module after a patch", 1, false, {PATCH, RELOAD, VALID, STORE, RELOAD, VALID}},
    {"patch stored while it runs", 1, false, {HOLD_PATCH, RELOAD, SETTLE, VALID}},
    {"patch run later, from RAM first", 1, false, {HOLD_PATCH, SETTLE, RELOAD, CRASH}},
};

/** What a boot comes to. */
typedef struct {
    uint32_t seed; /**< of the patch or, without one, of the module that runs; 0: none */
    bool on_trial;
} state_t;

/** A scenario with modules of one size, and what happens in it without a loss of power. */
typedef struct {
    const scenario_t *scenario;
    size_t size;     /**< of every module, bytes */
    uint32_t sector; /**< bytes */
    unsigned steps;
    state_t states[MOST_STEPS + 1];      /**< after so many steps and a boot */
    unsigned operations[MOST_STEPS + 1]; /**< writes and erases of so many steps */
} run_t;

/** A point where the power goes; `at` 0: never. */
typedef struct {
    unsigned at;
    fake_flash_cut_t kind;
} cut_t;

static const cut_t no_cut = {0};

/* ---- The device ---- */

static esp_err_t hold(const uint8_t *module, size_t size)
{
    hotreload_reason_t reason;
    uint8_t sha256[HOTRELOAD_HASH_SIZE];
    stored_sha256(module, size, sha256);
    esp_err_t error = hotreload_store_open(FAKE_FLASH_LABEL, &reason);
    if (error == ESP_OK) {
        error = hotreload_store_begin(size, &reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_hold_in_ram(&reason);
    }
    if (error == ESP_OK) {
        error = hotreload_store_write(module, size, &reason);
    }
    return error == ESP_OK ? hotreload_store_commit(sha256, hotreload_check_upload, &reason)
                           : error;
}

static bool is_patch(operation_t operation)
{
    return operation == PATCH || operation == HOLD_PATCH;
}

static bool brings_new(operation_t operation)
{
    return operation == STORE || operation == HOLD || is_patch(operation);
}

static module_spec_t patch_spec(uint32_t seed)
{
    static const hotreload_jump_t jump = {.from = 0x10, .to = 0xc0000000u, .busy = 4};
    static hotreload_status_t status;
    hotreload_status_get(&status);
    module_spec_t spec = module_spec_patch(status.running.base_sha256);
    spec.seed = seed;
    spec.jumps = &jump;
    spec.jump_count = 1;
    return spec;
}

static esp_err_t take_new(operation_t operation, uint32_t seed, size_t size)
{
    const module_spec_t patch = patch_spec(seed);
    uint8_t *module =
        is_patch(operation) ? module_build(&patch, NULL, &size) : module_build_sized(size, seed);
    esp_err_t error = operation == STORE || operation == PATCH
                          ? hotreload_update_partition(FAKE_FLASH_LABEL, module, size)
                          : hold(module, size);
    free(module);
    return error;
}

static esp_err_t boot(bool crashed)
{
    loaded_restart(crashed);
    esp_err_t error = hotreload_load(&loaded_config);
    return error == ESP_ERR_NOT_FOUND && !fake_flash.power_off ? ESP_OK : error;
}

/** True when the module, or patch, `seed` runs, whole: text and data are those of its file. */
static bool runs(uint32_t seed, const hotreload_status_t *status)
{
    const bool patched = status->running.patch != 0;
    module_spec_t spec = patched ? patch_spec(seed) : module_spec_default();
    module_layout_t layout;
    size_t file_size;
    spec.seed = seed;
    spec.text_size = patched ? spec.text_size : status->text_size;
    uint8_t *file = module_build(&spec, &layout, &file_size);
    const uint8_t *text =
        fake_port_text(patched ? status->running.patch_text_run : status->text_run, spec.text_size);
    const uint8_t *data = fake_port_data(
        patched ? status->running.patch_data_run : status->data_run, spec.data_file_size);
    bool same = memcmp(text, file + layout.text, spec.text_size) == 0 &&
                memcmp(data, file + layout.data, spec.data_file_size) == 0;
    free(file);
    return same;
}

static state_t present_state(void)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    uint32_t seed = 0;
    if (status.loaded) {
        do {
            seed++;
            assert_true(seed < 2 * MOST_STEPS);
        } while (!runs(seed, &status));
    }
    return (state_t){seed, hotreload_trial_is_running()};
}

static bool same_state(state_t a, state_t b)
{
    return a.seed == b.seed && a.on_trial == b.on_trial;
}

/* ---- A run ---- */

/** Seed of the module that a step brings, or the last one before it brought. */
static uint32_t seed_of(const scenario_t *scenario, unsigned step)
{
    uint32_t seed = scenario->before;
    for (unsigned i = 0; i <= step; i++) {
        seed += brings_new(scenario->steps[i]);
    }
    return seed;
}

static esp_err_t do_step(const run_t *run, unsigned step)
{
    const operation_t operation = run->scenario->steps[step];
    switch (operation) {
    case SETTLE:
        return hotreload_settle_all();
    case RELOAD:
        return hotreload_reload(&loaded_config);
    case VALID:
        return hotreload_mark_valid();
    case CRASH:
        return boot(true);
    default:
        return take_new(operation, seed_of(run->scenario, step), run->size);
    }
}

/** Goes on from a step. @return the step in which the power went; after the last one: it did not */
static unsigned go_on(const run_t *run, unsigned step, unsigned end)
{
    for (; step < end; step++) {
        esp_err_t error = do_step(run, step);
        if (fake_flash.power_off) {
            return step;
        }
        assert_int_equal(error, ESP_OK);
    }
    return step;
}

static void update_whole(uint32_t seed, size_t size)
{
    assert_int_equal(take_new(STORE, seed, size), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
}

static void prepare(const run_t *run)
{
    const uint32_t needed =
        (uint32_t)((run->size + HOTRELOAD_RECORD_DATA + run->sector - 1) / run->sector);
    loaded_restart(false);
    fake_flash_create(run->scenario->full ? 2 * needed : 16, run->sector);
    for (uint32_t seed = 1; seed <= run->scenario->before; seed++) {
        update_whole(seed, run->size);
    }
}

/** Goes through the scenario without a loss of power. */
static run_t reference(const scenario_t *scenario, size_t size, uint32_t sector)
{
    run_t run = {.scenario = scenario, .size = size, .sector = sector};
    while (scenario->steps[run.steps] != END) {
        run.steps++;
    }
    for (unsigned steps = 0; steps <= run.steps; steps++) {
        prepare(&run);
        const unsigned before = fake_flash.writes + fake_flash.erases;
        assert_int_equal(go_on(&run, 0, steps), steps);
        run.operations[steps] = fake_flash.writes + fake_flash.erases - before;
        assert_int_equal(boot(false), ESP_OK);
        run.states[steps] = present_state();
    }
    return run;
}

/* ---- Losses of power ---- */

static void plan_cut(cut_t cut)
{
    fake_flash_power_on();
    fake_flash.cut_at = cut.at;
    fake_flash.cut = cut.kind;
    fake_flash.random = cut.at * 7919u + cut.kind;
}

/** What was only in RAM is lost: it has to be received again. */
static unsigned before_lost_ram(const scenario_t *scenario, unsigned step)
{
    for (unsigned i = step; i > 0 && scenario->steps[i - 1] != SETTLE; i--) {
        if (scenario->steps[i - 1] == HOLD || scenario->steps[i - 1] == HOLD_PATCH) {
            return i - 1;
        }
    }
    return step;
}

/**
 * Boots after a loss of power in a step, and goes on.
 *
 * @param booted  gets what the boot came to, if it was not cut
 * @return as go_on()
 */
static unsigned recover(const run_t *run, unsigned step, cut_t cut, state_t *booted)
{
    plan_cut(cut);
    esp_err_t error = boot(false);
    if (fake_flash.power_off) {
        return step;
    }
    assert_int_equal(error, ESP_OK);
    *booted = present_state();
    const bool took_effect = same_state(*booted, run->states[step + 1]);
    if (!took_effect && !same_state(*booted, run->states[step])) {
        fail_msg("%s: module %u runs after a cut in step %u", run->scenario->name,
                 (unsigned)booted->seed, step);
    }
    const bool changes = !same_state(run->states[step], run->states[step + 1]);
    step = before_lost_ram(run->scenario, step + (took_effect && changes));
    return go_on(run, step, run->steps);
}

static void expect_finished(const run_t *run, unsigned step)
{
    const uint32_t next = seed_of(run->scenario, run->steps) + 1;
    assert_int_equal(step, run->steps);
    assert_int_equal(boot(false), ESP_OK);
    assert_true(same_state(present_state(), run->states[run->steps]));
    update_whole(next, run->size);
    assert_int_equal(boot(false), ESP_OK);
    assert_true(same_state(present_state(), (state_t){next, false}));
}

/** @return false: there is no such point any more */
static bool cut_once(const run_t *run, cut_t cut)
{
    state_t booted;
    prepare(run);
    plan_cut(cut);
    unsigned step = go_on(run, 0, run->steps);
    if (!fake_flash.power_off) {
        return false;
    }
    const bool whole = cut.kind == FAKE_FLASH_CUT_AFTER && cut.at == run->operations[step + 1];
    unsigned end = recover(run, step, no_cut, &booted);
    assert_true(same_state(booted, run->states[step + whole]));
    expect_finished(run, end);
    return true;
}

/** @return false: there is no such point of the recovery any more */
static bool cut_twice(const run_t *run, cut_t first, cut_t second)
{
    state_t booted;
    prepare(run);
    plan_cut(first);
    unsigned step = go_on(run, 0, run->steps);
    step = recover(run, step, second, &booted);
    const bool was_cut = fake_flash.power_off;
    if (was_cut) {
        step = recover(run, step, no_cut, &booted);
    }
    fake_flash_power_on();
    expect_finished(run, step);
    return was_cut;
}

/** Tries every point of every kind, and after each one, if `reentrant`, every point after it. */
static void cut_everywhere(const run_t *run, bool reentrant)
{
    unsigned tried = 0;
    for (fake_flash_cut_t kind = FAKE_FLASH_CUT_BEFORE; kind <= FAKE_FLASH_CUT_AFTER; kind++) {
        for (cut_t first = {1, kind}; cut_once(run, first); first.at++) {
            tried++;
            cut_t second = {1, FAKE_FLASH_CUT_BEFORE};
            while (reentrant && second.kind <= FAKE_FLASH_CUT_AFTER) {
                if (cut_twice(run, first, second)) {
                    second.at++;
                } else {
                    second = (cut_t){1, second.kind + 1};
                }
                tried++;
            }
        }
    }
    assert_true(tried >= 3 * run->operations[run->steps]);
    print_message("%u losses of power with modules of %zu bytes\n", tried, run->size);
}

/** With modules of a part of a sector, of exactly one with the header, of several. */
static void survives_losses_of_power(void **state)
{
    static const size_t sizes[] = {500, FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA,
                                   2 * FAKE_FLASH_SECTOR + 1000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const run_t run = reference(*state, sizes[i], FAKE_FLASH_SECTOR);
        cut_everywhere(&run, false);
    }
    const run_t run = reference(*state, 600, 512); /* small sectors: pairs of points are many */
    cut_everywhere(&run, true);
}

int main(void)
{
    enum { COUNT = COUNT(scenarios) };
    struct CMUnitTest tests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        tests[i] = (struct CMUnitTest){scenarios[i].name, survives_losses_of_power, loaded_set_up,
                                       loaded_tear_down, (void *)(uintptr_t)&scenarios[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

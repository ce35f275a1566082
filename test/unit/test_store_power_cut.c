/*
 * The power goes before, in and after every write and erase of an update: upload, first run, mark
 * as good or bad. The boot after it runs the old module or the new one, whole, and the next update
 * works.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "loaded.h"
#include "module_builder.h"
#include "run/status.h"
#include "store/store.h"

/** Bytes before the module in a record. */
#define HEAD 128u

/** Of modules, bytes: a part of a sector, exactly one with its header, several. */
static const size_t sizes[] = {500, FAKE_FLASH_SECTOR - HEAD, 2 * FAKE_FLASH_SECTOR + 1000};

/** The same for sectors of 512 bytes: few writes, so that all pairs of them can be tried. */
#define SMALL_SECTOR 512u
static const size_t small_sizes[] = {380, 2 * SMALL_SECTOR - HEAD, 3 * SMALL_SECTOR + 200};

#define SIZES 3u

/** How an update ends. */
typedef enum { GOOD, CRASH } end_t;

typedef struct {
    unsigned stored; /**< good modules 1, 2, ... that are there before the update */
    bool bare;       /**< the first of them is a bare ELF, flashed by hand */
    bool full;       /**< the partition has room for just two modules */
    end_t end;
    size_t size;     /**< of every module, bytes */
    uint32_t sector; /**< bytes */
} scenario_t;

static uint32_t sectors_of(const scenario_t *scenario)
{
    return (uint32_t)((scenario->size + HEAD + scenario->sector - 1) / scenario->sector);
}

/** Operations of an update: an erase per sector, a write per page, the header, two marks. */
static unsigned operations_of(const scenario_t *scenario)
{
    return sectors_of(scenario) + (unsigned)((scenario->size + HEAD + 255) / 256) + 1 + 2;
}

/* ---- The device ---- */

static void power_off(void)
{
    loaded_restart(false);
    fake_flash_power_on();
}

/** @return the first error */
static esp_err_t store(uint32_t seed, size_t size)
{
    uint8_t *module = module_build_sized(size, seed);
    esp_err_t error = hotreload_update_partition(FAKE_FLASH_LABEL, module, size);
    free(module);
    return error;
}

/** True when module `seed` of `size` bytes runs, whole: text and data are those of its file. */
static bool runs(uint32_t seed, size_t size)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    assert_true(status.loaded);
    module_spec_t spec = module_spec_default();
    module_layout_t layout;
    size_t file_size;
    spec.seed = seed;
    spec.text_size = status.text_size;
    uint8_t *file = module_build(&spec, &layout, &file_size);
    assert_int_equal(file_size, size);
    const uint8_t *text = fake_port_text(status.text_run, spec.text_size);
    const uint8_t *data = fake_port_data(status.data_run, spec.data_file_size);
    bool same = memcmp(text, file + layout.text, spec.text_size) == 0 &&
                memcmp(data, file + layout.data, spec.data_file_size) == 0;
    free(file);
    return same;
}

static void expect_runs(uint32_t seed, size_t size)
{
    assert_true(runs(seed, size));
}

/** Stores, runs and marks a module, while the power is there. */
static void update(uint32_t seed, const scenario_t *scenario)
{
    esp_err_t error = store(seed, scenario->size);
    if (error != ESP_OK || hotreload_reload(&loaded_config) != ESP_OK) {
        return;
    }
    expect_runs(seed, scenario->size);
    if (scenario->end == GOOD) {
        hotreload_mark_valid();
    } else if (!fake_flash.power_off) {
        loaded_restart(true);
        hotreload_load(&loaded_config);
    }
}

static void update_whole(uint32_t seed, size_t size)
{
    assert_int_equal(store(seed, size), ESP_OK);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    expect_runs(seed, size);
}

static void prepare(const scenario_t *scenario)
{
    power_off();
    /* A bare ELF has no header, but takes as many sectors as a record at most. */
    fake_flash_create(scenario->full ? 2 * sectors_of(scenario) : 16, scenario->sector);
    for (unsigned seed = 1; seed <= scenario->stored; seed++) {
        if (seed == 1 && scenario->bare) {
            uint8_t *module = module_build_sized(scenario->size, seed);
            fake_flash_place(0, module, scenario->size);
            free(module);
            assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
        } else {
            update_whole(seed, scenario->size);
        }
    }
    if (scenario->stored > 0) {
        expect_runs(scenario->stored, scenario->size);
    }
}

static void plan_cut(unsigned at, fake_flash_cut_t cut)
{
    fake_flash.cut_at = at;
    fake_flash.cut = cut;
    fake_flash.random = at * 7919u + cut;
}

/** Boots. @return the seed of what runs: `old` (0: none at all) or `new`; fails on anything else */
static uint32_t boot(uint32_t old, uint32_t new, size_t size)
{
    power_off();
    esp_err_t error = hotreload_load(&loaded_config);
    if (old == 0 && error == ESP_ERR_NOT_FOUND) {
        loaded_expect_none();
        return 0;
    }
    assert_int_equal(error, ESP_OK);
    if (runs(new, size)) {
        return new;
    }
    assert_int_not_equal(old, 0);
    expect_runs(old, size);
    return old;
}

/** What runs becomes good in time; then the next update works, and a boot runs it. */
static void expect_next_update(uint32_t running, uint32_t seed, size_t size)
{
    if (running != 0) {
        assert_int_equal(hotreload_mark_valid(), ESP_OK);
    }
    update_whole(seed, size);
    assert_int_equal(boot(seed, seed, size), seed);
}

/* ---- One cut ---- */

typedef struct {
    unsigned old, new;
} counts_t;

/** @return false: the update has fewer operations, so the power was never cut */
static bool cut_once(const scenario_t *scenario, unsigned at, fake_flash_cut_t cut,
                     counts_t *counts)
{
    const uint32_t old = scenario->stored;
    const uint32_t new = old + 1;
    prepare(scenario);
    plan_cut(at, cut);
    update(new, scenario);
    if (!fake_flash.power_off) {
        return false;
    }
    uint32_t running = boot(old, new, scenario->size);
    counts->old += running == old;
    counts->new += running == new;
    if (running == new && scenario->end == CRASH) {
        /* The crash was not noted yet: it crashes once more, and that is noted. */
        loaded_restart(true);
        assert_int_equal(hotreload_load(&loaded_config), old == 0 ? ESP_ERR_NOT_FOUND : ESP_OK);
        running = boot(old, old, scenario->size);
    }
    expect_next_update(running, new + 1, scenario->size);
    return true;
}

/** Tries every point of one kind. @return the number of points */
static unsigned cut_everywhere(const scenario_t *scenario, fake_flash_cut_t cut)
{
    const unsigned operations = operations_of(scenario);
    counts_t counts = {0};
    unsigned at = 1;
    while (cut_once(scenario, at, cut, &counts)) {
        at++;
    }
    assert_int_equal(at - 1, operations);
    /* The header brings the new module, the mark "bad" takes it away; cut off, neither does. */
    const bool complete = cut == FAKE_FLASH_CUT_AFTER;
    const unsigned expected_new = scenario->end == GOOD ? 2u + complete : 2u;
    assert_int_equal(counts.new, expected_new);
    assert_int_equal(counts.old, operations - expected_new);
    return operations;
}

static void check_scenario(scenario_t scenario)
{
    scenario.sector = FAKE_FLASH_SECTOR;
    for (size_t i = 0; i < SIZES; i++) {
        scenario.size = sizes[i];
        unsigned points = 0;
        for (int cut = FAKE_FLASH_CUT_BEFORE; cut <= FAKE_FLASH_CUT_AFTER; cut++) {
            points += cut_everywhere(&scenario, (fake_flash_cut_t)cut);
        }
        assert_int_equal(points, 3 * operations_of(&scenario));
        print_message("%u cut points with modules of %zu bytes\n", points, scenario.size);
    }
}

static const scenario_t first_install = {.stored = 0};
static const scenario_t update_of_one = {.stored = 1};
static const scenario_t update_of_an_update = {.stored = 2};
static const scenario_t update_of_a_full_partition = {.stored = 2, .full = true};
static const scenario_t update_of_a_bare_elf = {.stored = 1, .bare = true};
static const scenario_t update_of_a_bare_elf_when_full = {.stored = 1, .bare = true, .full = true};
static const scenario_t first_install_that_crashes = {.stored = 0, .end = CRASH};
static const scenario_t update_that_crashes = {.stored = 1, .end = CRASH};
static const scenario_t update_of_a_full_partition_that_crashes = {
    .stored = 2, .full = true, .end = CRASH};
static const scenario_t update_of_a_bare_elf_that_crashes = {
    .stored = 1, .bare = true, .full = true, .end = CRASH};

static void cut_at_every_point(void **state)
{
    check_scenario(*(const scenario_t *)*state);
}

/* ---- Two cuts in a row ---- */

/** Cuts an update, boots, and cuts the next one. @return false: a cut was not reached */
static bool cut_twice(const scenario_t *scenario, unsigned first, fake_flash_cut_t first_cut,
                      unsigned second, fake_flash_cut_t second_cut)
{
    const uint32_t old = scenario->stored;
    const uint32_t new = old + 1;
    prepare(scenario);
    plan_cut(first, first_cut);
    update(new, scenario);
    if (!fake_flash.power_off) {
        return false;
    }
    uint32_t running = boot(old, new, scenario->size);
    assert_int_equal(hotreload_mark_valid(), ESP_OK);
    plan_cut(second, second_cut);
    update(new + 1, scenario);
    if (!fake_flash.power_off) {
        return false;
    }
    running = boot(running, new + 1, scenario->size);
    expect_next_update(running, new + 2, scenario->size);
    return true;
}

static void check_pairs(scenario_t scenario)
{
    scenario.sector = SMALL_SECTOR;
    for (size_t i = 0; i < SIZES; i++) {
        scenario.size = small_sizes[i];
        const unsigned operations = operations_of(&scenario);
        unsigned tried = 0;
        for (unsigned at = 0; at < 9 * operations * operations; at++, tried++) {
            const unsigned point = at / 9;
            assert_true(cut_twice(&scenario, 1 + point / operations, (fake_flash_cut_t)(at % 9 / 3),
                                  1 + point % operations, (fake_flash_cut_t)(at % 3)));
        }
        assert_false(
            cut_twice(&scenario, operations + 1, FAKE_FLASH_CUT_BEFORE, 1, FAKE_FLASH_CUT_BEFORE));
        print_message("%u pairs of cut points with modules of %zu bytes\n", tried, scenario.size);
    }
}

static void cut_at_every_pair_of_points(void **state)
{
    check_pairs(*(const scenario_t *)*state);
}

/** The boot that repairs is cut as well: noting a crash takes one write. */
static void cuts_in_the_boots_that_note_a_crash(void **state)
{
    (void)state;
    const scenario_t scenario = {.stored = 1, .size = sizes[0], .sector = FAKE_FLASH_SECTOR};
    unsigned cuts = 0;
    for (int cut = FAKE_FLASH_CUT_BEFORE; cut <= FAKE_FLASH_CUT_AFTER; cut++) {
        prepare(&scenario);
        assert_int_equal(store(2, scenario.size), ESP_OK);
        assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
        for (unsigned again = 0; again < 5; again++, cuts++) {
            loaded_restart(true);
            plan_cut(1, (fake_flash_cut_t)cut);
            hotreload_load(&loaded_config);
            if (!fake_flash.power_off) {
                assert_int_equal(cut, FAKE_FLASH_CUT_AFTER);
                expect_runs(1, scenario.size);
                break;
            }
            assert_int_equal(boot(1, 2, scenario.size), cut == FAKE_FLASH_CUT_AFTER ? 1 : 2);
        }
        fake_flash_power_on(); /* a cut that was not reached */
        loaded_restart(true);
        assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
        expect_runs(1, scenario.size);
        expect_next_update(1, 3, scenario.size);
    }
    print_message("%u cuts\n", cuts);
}

#define SCENARIO(scenario)                                                                         \
    {                                                                                              \
#scenario, cut_at_every_point, loaded_set_up, loaded_tear_down,                            \
            (void *)(uintptr_t)&scenario                                                           \
    }
#define PAIRS(scenario)                                                                            \
    {                                                                                              \
        "two cuts: " #scenario, cut_at_every_pair_of_points, loaded_set_up, loaded_tear_down,      \
            (void *)(uintptr_t)&scenario                                                           \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(first_install),
        SCENARIO(update_of_one),
        SCENARIO(update_of_an_update),
        SCENARIO(update_of_a_full_partition),
        SCENARIO(update_of_a_bare_elf),
        SCENARIO(update_of_a_bare_elf_when_full),
        SCENARIO(first_install_that_crashes),
        SCENARIO(update_that_crashes),
        SCENARIO(update_of_a_full_partition_that_crashes),
        SCENARIO(update_of_a_bare_elf_that_crashes),
        PAIRS(update_of_one),
        PAIRS(update_of_a_full_partition),
        PAIRS(update_of_a_bare_elf_when_full),
        cmocka_unit_test_setup_teardown(cuts_in_the_boots_that_note_a_crash, loaded_set_up,
                                        loaded_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The power goes before, in and after every write and erase of an update. After the boot there is
 * the old module or the new one, whole, and the next update works.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake_flash.h"
#include "fake_port.h"
#include "stored.h"

/** Bytes: a part of a page, exactly one sector with its header, several sectors. */
static const size_t sizes[] = {100, FAKE_FLASH_SECTOR - 128, 2 * FAKE_FLASH_SECTOR + 1000};

typedef struct {
    unsigned stored; /**< modules 1, 2, ... that are there before the update */
    bool full;       /**< the partition has room for just two modules */
    size_t size;     /**< of every module, bytes */
    uint32_t sector; /**< bytes; small ones make for few pages, so for few points */
} scenario_t;

static uint32_t sectors_of(const scenario_t *scenario)
{
    return (uint32_t)((scenario->size + 128 + scenario->sector - 1) / scenario->sector);
}

/** Operations of an update: an erase per sector, a write per page, the header. */
static unsigned operations_of(const scenario_t *scenario)
{
    return sectors_of(scenario) + (unsigned)((scenario->size + 128 + 255) / 256) + 1;
}

static void prepare(const scenario_t *scenario)
{
    stored_flash(scenario->full ? 2 * sectors_of(scenario) : 16, scenario->sector);
    for (unsigned seed = 1; seed <= scenario->stored; seed++) {
        stored_expect_ok(seed, scenario->size);
    }
}

static void plan_cut(unsigned at, fake_flash_cut_t cut)
{
    fake_flash.cut_at = at;
    fake_flash.cut = cut;
    fake_flash.random = at * 7919u + cut;
}

/** @return the seed of the newest module: `old` (0: none at all) or `new`; fails on anything else
 */
static uint32_t newest_after_boot(uint32_t old, uint32_t new, size_t size)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    stored_boot();
    esp_err_t error = hotreload_store_find(NULL, &record, &reason);
    if (old == 0 && error == ESP_ERR_NOT_FOUND) {
        assert_false(stored_has_module());
        return 0;
    }
    assert_int_equal(error, ESP_OK);
    if (stored_holds(&record, new, size)) {
        return new;
    }
    assert_true(old != 0 && stored_holds(&record, old, size));
    return old;
}

/** Cuts the update of a scenario at every point of one kind. @return the number of points */
static unsigned cut_everywhere(const scenario_t *scenario, fake_flash_cut_t cut)
{
    const uint32_t old = scenario->stored;
    const uint32_t new = old + 1;
    unsigned kept_old = 0, has_new = 0;
    for (unsigned at = 1;; at++) {
        prepare(scenario);
        plan_cut(at, cut);
        esp_err_t error = stored_module(new, scenario->size);
        if (!fake_flash.power_off) {
            assert_int_equal(error, ESP_OK);
            stored_expect_newest(new, scenario->size);
            /* Only the last operation, the header's write, brings the new module. */
            assert_int_equal(has_new, cut == FAKE_FLASH_CUT_AFTER ? 1 : 0);
            assert_int_equal(kept_old, at - 1 - has_new);
            return at - 1;
        }
        uint32_t newest = newest_after_boot(old, new, scenario->size);
        if (newest == new) {
            has_new++;
        } else {
            kept_old++;
            assert_int_not_equal(error, ESP_OK);
        }
        stored_expect_ok(new + 1, scenario->size);
        stored_boot();
        stored_expect_newest(new + 1, scenario->size);
    }
}

static void check_scenario(unsigned stored, bool full)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const scenario_t scenario = {
            .stored = stored, .full = full, .size = sizes[i], .sector = FAKE_FLASH_SECTOR};
        unsigned points = 0;
        for (int cut = FAKE_FLASH_CUT_BEFORE; cut <= FAKE_FLASH_CUT_AFTER; cut++) {
            points += cut_everywhere(&scenario, (fake_flash_cut_t)cut);
        }
        assert_int_equal(points, 3 * operations_of(&scenario));
        print_message("%u cut points with modules of %zu bytes\n", points, scenario.size);
    }
}

static void first_install(void **state)
{
    (void)state;
    check_scenario(0, false);
}

static void update(void **state)
{
    (void)state;
    check_scenario(1, false);
}

static void update_of_an_update(void **state)
{
    (void)state;
    check_scenario(2, false);
}

static void update_of_a_full_partition(void **state)
{
    (void)state;
    check_scenario(2, true);
}

/** @return false: the second cut was not reached, all its points have been tried */
static bool cut_twice(const scenario_t *scenario, unsigned first, fake_flash_cut_t first_cut,
                      unsigned second, fake_flash_cut_t second_cut)
{
    const uint32_t old = scenario->stored;
    prepare(scenario);
    plan_cut(first, first_cut);
    stored_module(old + 1, scenario->size);
    if (!fake_flash.power_off) {
        return false;
    }
    uint32_t newest = newest_after_boot(old, old + 1, scenario->size);
    plan_cut(second, second_cut);
    stored_module(old + 2, scenario->size);
    if (!fake_flash.power_off) {
        return false;
    }
    newest_after_boot(newest, old + 2, scenario->size);
    stored_expect_ok(old + 3, scenario->size);
    stored_boot();
    stored_expect_newest(old + 3, scenario->size);
    return true;
}

static void two_cuts_in_a_row(void **state)
{
    (void)state;
    const scenario_t scenario = {.stored = 2, .full = true, .size = 1100, .sector = 512};
    const unsigned operations = operations_of(&scenario);
    unsigned tried = 0;
    for (int cuts = 0; cuts < 9; cuts++) {
        for (unsigned first = 1; first <= operations; first++) {
            for (unsigned second = 1; second <= operations; second++, tried++) {
                assert_true(cut_twice(&scenario, first, (fake_flash_cut_t)(cuts / 3), second,
                                      (fake_flash_cut_t)(cuts % 3)));
            }
        }
    }
    assert_false(
        cut_twice(&scenario, operations + 1, FAKE_FLASH_CUT_BEFORE, 1, FAKE_FLASH_CUT_BEFORE));
    print_message("%u pairs of cut points\n", tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_install, stored_set_up, stored_tear_down),
        cmocka_unit_test_setup_teardown(update, stored_set_up, stored_tear_down),
        cmocka_unit_test_setup_teardown(update_of_an_update, stored_set_up, stored_tear_down),
        cmocka_unit_test_setup_teardown(update_of_a_full_partition, stored_set_up,
                                        stored_tear_down),
        cmocka_unit_test_setup_teardown(two_cuts_in_a_row, stored_set_up, stored_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

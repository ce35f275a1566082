/*
 * Uploads that are loaded from RAM before the flash has them: when a reload comes, what the flash
 * has afterwards, and what becomes of it all when something fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "held_upload.h"
#include "hotreload.h"
#include "loaded.h"
#include "patched.h"
#include "store/record.h"
#include "store/store.h"
#include "store_reset.h"
#include "store/state.h"
#include "run/trial.h"

#define ALL UINT32_MAX

static hotreload_answer_t answer;

static void reload(uint32_t seed)
{
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_false(hotreload_update_available());
    assert_int_equal(loaded_status().sequence, seed);
}

/* ---- When the reload comes ---- */

static void a_reload_needs_no_flash(void **state)
{
    loaded_start(1);
    assert_true(hotreload_store_has_running());
    held_upload_expect(2, 2);
    loaded_expect_log("I module 2 received into RAM, ");
    const unsigned writes = fake_flash.writes, erases = fake_flash.erases;
    reload(2);
    assert_int_equal(fake_flash.writes, writes);
    assert_int_equal(fake_flash.erases, erases);
    assert_false(hotreload_store_has_running());
    assert_true(hotreload_trial_is_running());

    assert_false(held_upload_settle(ALL));
    loaded_expect_log("I module 2 stored, ");
    loaded_expect(2);
    assert_true(hotreload_store_has_running());
    assert_false(hotreload_update_available());
    held_upload_boot(false, 2);
    assert_int_equal(loaded_status().sequence, 2);
}

static void a_reload_comes_after_any_piece(void **state)
{
    loaded_start(1);
    for (unsigned pieces = 0; pieces <= HELD_UPLOAD_PIECES; pieces++) {
        const uint32_t seed = 2 + pieces;
        held_upload_expect(seed, seed);
        assert_int_equal(held_upload_settle(pieces), pieces < HELD_UPLOAD_PIECES);
        assert_true(hotreload_store_has_running());
        reload(seed);
        assert_int_equal(hotreload_store_has_running(), pieces == HELD_UPLOAD_PIECES);
        assert_false(held_upload_settle(ALL));
        loaded_expect(seed);
        assert_true(hotreload_store_has_running());
        held_upload_boot(false, seed);
    }
}

static void memory_that_a_reload_reads_is_freed_after_it(void **state)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    hotreload_flash_view_t view;
    loaded_start(1);
    held_upload_expect(2, 2);
    assert_int_equal(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason), ESP_OK);
    assert_int_equal(hotreload_store_map(&record, &view, &reason), ESP_OK);
    const unsigned live = fake_port.live_allocations;
    assert_false(held_upload_settle(ALL));
    assert_int_equal(fake_port.live_allocations, live);
    assert_memory_equal(view.data, "\177ELF", 4);

    /* There is no second buffer meanwhile: the next upload is stored first. */
    assert_int_equal(held_upload_send(3, &answer), 200);
    loaded_expect_log("W the upload is stored before it runs: no ");
    assert_memory_equal(view.data, "\177ELF", 4);
    hotreload_store_unmap(&view);
    assert_int_equal(fake_port.live_allocations, live - 1);
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    loaded_expect(3);
}

static void a_load_takes_what_waits(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    assert_int_equal(hotreload_unload(), ESP_OK);
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().sequence, 2);
    assert_false(held_upload_settle(ALL));
    loaded_expect(2);
}

/* ---- Without RAM ---- */

static void without_ram_the_flash_is_first(void **state)
{
    loaded_start(1);
    fake_port.ram_limit = fake_port.live_bytes + 100;
    assert_int_equal(held_upload_send(2, &answer), 200);
    loaded_expect_log("W the upload is stored before it runs: no ");
    loaded_expect_log("I module 2 stored, ");
    fake_port.ram_limit = SIZE_MAX;
    assert_false(hotreload_request_upload_settle());
    reload(2);
    assert_true(hotreload_store_has_running());
}

static void what_does_not_fit_beside_its_copy_is_stored_first(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    fake_port.ram_limit = fake_port.live_bytes + 50;
    reload(2);
    loaded_expect(2);
    assert_true(hotreload_store_has_running());
    loaded_expect_log("I module 2 stored, ");
    assert_false(hotreload_request_upload_settle());
}

static void what_fits_nowhere_leaves_the_old_module(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    fake_port.text_limit = 32;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_NO_MEM);
    loaded_expect(1);
    assert_false(hotreload_update_available());

    fake_port.text_limit = 1024;
    held_upload_expect(3, 3);
    fake_port.text_limit = 32;
    fake_flash.fail_erase = 1;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_NO_MEM);
    loaded_expect_log("E module 3 stays in RAM, it was not stored: partition \"hotreload\"");
    loaded_expect(1);
    assert_false(hotreload_update_available());
}

static void an_hmac_alone_gets_no_ram(void **state)
{
    sent_t sent;
    size_t size;
    uint8_t *body = loaded_module(2, &size);
    loaded_start(1);
    sent_describe(&sent, body, size);
    sent.head.run_from_ram_first = true;
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, sent.size, &answer));
    assert_int_equal(fake_port.live_bytes, 64 + 24);
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
    loaded_expect_log("I module 2 stored, ");
    sent_free(&sent);
}

/* ---- Refused ---- */

static void expect_only_the_old(int status)
{
    assert_int_equal(answer.status, status);
    assert_false(hotreload_update_available());
    assert_int_equal(hotreload_store_state.newest, 1);
    assert_false(hotreload_request_upload_settle());
    loaded_expect(1); /* and no buffer is left */
    held_upload_expect(2, 2);
}

static void describe(sent_t *sent, uint8_t *body, size_t size)
{
    sent_describe(sent, body, size);
    sent_prove(sent);
    sent->head.run_from_ram_first = true;
}

static void a_damaged_upload_is_dropped(void **state)
{
    sent_t sent;
    size_t size;
    uint8_t *body = loaded_module(2, &size);
    loaded_start(1);
    describe(&sent, body, size);
    body[200] ^= 1;
    sent_upload(&sent, 100, &answer);
    sent_free(&sent);
    expect_only_the_old(400);
}

static void a_record_inside_is_refused_before_anything_runs(void **state)
{
    const uint32_t magic = HOTRELOAD_RECORD_MAGIC;
    sent_t sent;
    size_t size;
    uint8_t *body = loaded_module(2, &size);
    loaded_start(1);
    memcpy(body + fake_flash.erase_size - HOTRELOAD_RECORD_DATA, &magic, sizeof magic);
    describe(&sent, body, size);
    sent_upload(&sent, 100, &answer);
    sent_free(&sent);
    assert_non_null(strstr(answer.body, "byte 128 of the module looks like a record"));
    expect_only_the_old(422);
}

static void another_firmwares_module_is_refused(void **state)
{
    sent_t sent;
    size_t size;
    loaded_start(1);
    fake_port.firmware_id[0] ^= 1;
    uint8_t *body = loaded_module(2, &size);
    fake_port.firmware_id[0] ^= 1;
    describe(&sent, body, size);
    sent_upload(&sent, 100, &answer);
    sent_free(&sent);
    expect_only_the_old(409);
}

static void an_upload_that_ends_early_is_dropped(void **state)
{
    sent_t sent;
    size_t size;
    uint8_t *body = loaded_module(2, &size);
    loaded_start(1);
    describe(&sent, body, size);
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_true(hotreload_request_upload_write(sent.body, 300, &answer));
    hotreload_request_upload_cancel(HOTRELOAD_UPLOAD_STOPPED, &answer);
    sent_free(&sent);
    expect_only_the_old(503);
}

/* ---- What else is stored meanwhile ---- */

static void the_next_upload_finds_the_last_one_stored(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    assert_true(held_upload_settle(1));
    assert_int_equal(held_upload_send(3, &answer), 200);
    loaded_expect_log("I module 2 stored, ");
    reload(3);
    store_reset(); /* the power goes before the third is stored */
    held_upload_boot(false, 2);
}

static void an_update_finds_the_last_upload_stored(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    loaded_store(3);
    loaded_expect_log("I module 2 stored, ");
    reload(3);
    loaded_expect(3);
}

static void an_upload_under_way_keeps_others_out(void **state)
{
    sent_t sent;
    size_t size;
    uint8_t *body = loaded_module(2, &size);
    loaded_start(1);
    describe(&sent, body, size);
    assert_true(hotreload_request_upload_begin(&sent.head, &answer));
    assert_false(hotreload_request_upload_settle());
    assert_int_equal(held_upload_send(3, &answer), 503);
    assert_true(hotreload_request_upload_write(sent.body, sent.size, &answer));
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
    sent_free(&sent);
    reload(2);
}

/* ---- The flash fails ---- */

typedef enum { ERASE, WRITE, READ_BACK, HEADER, MAP, FAULTS } fault_t;

static void plan_fault(fault_t fault)
{
    fake_flash.fail_erase = fault == ERASE ? 2 : 0;
    fake_flash.fail_write = fault == WRITE ? 1 : fault == HEADER ? HELD_UPLOAD_PIECES : 0;
    fake_flash.corrupt_write = fault == READ_BACK ? 2 : 0;
    fake_flash.fail_map = fault == MAP ? 1 : 0;
}

static void what_the_flash_refuses_can_be_loaded_once(void **state)
{
    loaded_start(1);
    for (fault_t fault = ERASE; fault < FAULTS; fault++) {
        const uint32_t seed = 2 + fault;
        held_upload_expect(seed, seed);
        plan_fault(fault);
        assert_false(held_upload_settle(ALL));
        loaded_expect_log("stays in RAM, it was not stored: ");
        assert_string_not_equal(loaded_status().last_error.text, "");
        reload(seed);
        loaded_expect(seed);
        assert_false(hotreload_store_has_running());
        assert_non_null(strstr(loaded_status().last_error.text,
                               "is in RAM only, the flash did not take it: upload it again"));
        assert_int_equal(hotreload_mark_valid(), ESP_OK);
        assert_false(hotreload_trial_is_running());
        assert_false(hotreload_request_upload_settle());
    }
    held_upload_boot(false, 1);
}

static uint32_t stack[4];
static hotreload_task_t task = {.name = "loop", .frame.sp = stack, .end = stack + 4};

/** A task is inside what runs at the only reload before the flash fails. */
static void try_in_vain(void)
{
    task.frame.pc = loaded_status().text_run + 4;
    fake_port.tasks = &task;
    fake_port.task_count = 1;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_ERR_HOTRELOAD_TASK_INSIDE);
    assert_true(hotreload_update_available());
    fake_port.task_count = 0;
    plan_fault(ERASE);
    assert_false(held_upload_settle(ALL));
}

static void what_a_task_kept_out_can_be_loaded_after_the_flash_failed(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    try_in_vain();
    reload(2);
    loaded_expect(2);
}

static void leave(void)
{
    task.frame.pc = 0x42000000;
}

static void a_patch_that_the_flash_refused_says_so_also_after_it_has_waited(void **state)
{
    size_t size;
    loaded_start(1);
    const module_spec_t spec = patched_spec();
    uint8_t *body = module_build(&spec, NULL, &size);
    assert_int_equal(held_upload_send_body(body, size, &answer), 200);
    assert_true(hotreload_update_available());
    plan_fault(ERASE);
    assert_false(held_upload_settle(ALL));
    task.frame.pc = loaded_status().text_run + PATCHED_BETA + 2;
    fake_port.tasks = &task;
    fake_port.task_count = 1;
    fake_port.on_pause = leave;
    reload(2);
    assert_true(fake_port.pauses > 0);
    assert_non_null(strstr(loaded_status().last_error.text, "is in RAM only"));
}

/** The next upload took its memory, and then ended early. */
static void what_is_lost_does_not_reload_what_runs(void **state)
{
    hotreload_reason_t reason;
    loaded_start(1);
    held_upload_expect(2, 2);
    try_in_vain();
    assert_int_equal(hotreload_store_begin(100, &reason), ESP_OK);
    hotreload_store_abort();
    const uint32_t text = loaded_status().text_run;
    assert_true(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK);
    assert_int_equal(loaded_status().text_run, text);
    assert_false(hotreload_update_available());
    assert_int_equal(hotreload_reload(&loaded_config), ESP_OK); /* nothing was announced */
    assert_int_not_equal(loaded_status().text_run, text);
}

static void a_module_that_runs_goes_on_when_the_flash_fails(void **state)
{
    loaded_start(1);
    for (fault_t fault = ERASE; fault < FAULTS; fault++) {
        const uint32_t seed = 2 + fault;
        held_upload_expect(seed, seed);
        reload(seed);
        plan_fault(fault);
        assert_false(held_upload_settle(ALL));
        loaded_expect(seed);
        assert_false(hotreload_store_has_running());
        assert_false(hotreload_update_available());
        assert_string_not_equal(loaded_status().last_error.text, "");
    }
    held_upload_boot(true, 1);
    assert_string_equal(loaded_status().rollback.text,
                        "module 6 crashed and is not stored, module 1 runs");
}

static void what_nobody_loaded_makes_room_for_the_next(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    plan_fault(ERASE);
    assert_false(held_upload_settle(ALL));
    held_upload_expect(3, 3);
    reload(3);
    assert_false(held_upload_settle(ALL));
    loaded_expect(3);
    held_upload_boot(false, 3);
}

static void what_cannot_be_loaded_is_stored_all_the_same(void **state)
{
    loaded_start(1);
    held_upload_expect(2, 2);
    fake_port.sync_result = ESP_FAIL;
    assert_int_equal(hotreload_reload(&loaded_config), ESP_FAIL);
    assert_false(hotreload_update_available());
    assert_false(held_upload_settle(ALL));
    loaded_expect(1);
    assert_false(hotreload_update_available());
    fake_port.sync_result = ESP_OK;
    held_upload_boot(false, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, held_upload_set_up, held_upload_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_reload_needs_no_flash),
        TEST(a_reload_comes_after_any_piece),
        TEST(memory_that_a_reload_reads_is_freed_after_it),
        TEST(a_load_takes_what_waits),
        TEST(without_ram_the_flash_is_first),
        TEST(what_does_not_fit_beside_its_copy_is_stored_first),
        TEST(what_fits_nowhere_leaves_the_old_module),
        TEST(an_hmac_alone_gets_no_ram),
        TEST(a_damaged_upload_is_dropped),
        TEST(a_record_inside_is_refused_before_anything_runs),
        TEST(another_firmwares_module_is_refused),
        TEST(an_upload_that_ends_early_is_dropped),
        TEST(the_next_upload_finds_the_last_one_stored),
        TEST(an_update_finds_the_last_upload_stored),
        TEST(an_upload_under_way_keeps_others_out),
        TEST(what_the_flash_refuses_can_be_loaded_once),
        TEST(what_a_task_kept_out_can_be_loaded_after_the_flash_failed),
        TEST(a_patch_that_the_flash_refused_says_so_also_after_it_has_waited),
        TEST(what_is_lost_does_not_reload_what_runs),
        TEST(a_module_that_runs_goes_on_when_the_flash_fails),
        TEST(what_nobody_loaded_makes_room_for_the_next),
        TEST(what_cannot_be_loaded_is_stored_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * hotreload_update_partition(): modules that the application received in its own way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "module_builder.h"
#include "sent.h"
#include "run/status.h"
#include "store/record.h"
#include "stored.h"

#define SIZE SENT_SIZE

static esp_err_t update(void)
{
    return hotreload_update_partition(FAKE_FLASH_LABEL, sent.body, sent.size);
}

/** Fails the test unless the error is in log and status, and the old module in the store. */
static void expect_failed(const char *part)
{
    hotreload_status_t status;
    hotreload_status_get(&status);
    assert_non_null(strstr(status.last_error.text, part));
    assert_non_null(strstr(fake_port.log, part));
    fake_port_expect_idle();
    stored_boot();
    sent_t old;
    sent_module(&old, SENT_OLD_SEED, SENT_OLD_SIZE);
    sent_expect_stored(&old);
    sent_free(&old);
}

static void a_module_is_stored_and_announced(void **state)
{
    hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    hotreload_status_t status;
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_false(hotreload_update_available());
    assert_int_equal(update(), ESP_OK);
    assert_true(hotreload_update_available());
    sent_expect_stored(&sent);
    hotreload_status_get(&status);
    assert_string_equal(status.last_error.text, "");
    assert_int_equal(hotreload_reload(&config), ESP_OK);
    assert_false(hotreload_update_available());
    assert_int_equal(hotreload_unload(), ESP_OK);
}

static void a_module_at_an_odd_address_is_stored(void **state)
{
    uint8_t *odd = malloc(SIZE + 1);
    assert_non_null(odd);
    memcpy(odd + 1, sent.body, SIZE);
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, odd + 1, SIZE), ESP_OK);
    free(odd);
    sent_expect_stored(&sent);
}

static void null_arguments_are_refused(void **state)
{
    assert_int_equal(hotreload_update_partition(NULL, sent.body, SIZE), ESP_ERR_INVALID_ARG);
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, NULL, SIZE), ESP_ERR_INVALID_ARG);
}

static void an_upload_under_way_keeps_it_out(void **state)
{
    hotreload_answer_t answer;
    sent_t other;
    sent_module(&other, 3, SIZE);
    assert_true(hotreload_request_upload_begin(&other.head, &answer));
    assert_true(hotreload_request_upload_write(other.body, 4000, &answer));
    assert_int_equal(update(), ESP_ERR_INVALID_STATE);
    assert_true(hotreload_request_upload_write(other.body + 4000, SIZE - 4000, &answer));
    hotreload_request_upload_finish(&answer);
    assert_int_equal(answer.status, 200);
    sent_expect_stored(&other);
    sent_free(&other);
    assert_int_equal(update(), ESP_OK);
    sent_expect_stored(&sent);
}

static void what_is_no_module_reaches_no_flash(void **state)
{
    unsigned operations = fake_flash.erases + fake_flash.writes;
    sent.body[0] ^= 1;
    assert_int_equal(update(), ESP_ERR_INVALID_RESPONSE);
    expect_failed("not an ELF file");
    sent.body[0] ^= 1;

    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, sent.body, 0),
                     ESP_ERR_INVALID_SIZE);
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, sent.body, SIZE - 1),
                     ESP_ERR_INVALID_SIZE);
    expect_failed("(defect 21)");

    fake_port.firmware_id[5] ^= 1;
    assert_int_equal(update(), ESP_ERR_INVALID_VERSION);
    fake_port.firmware_id[5] ^= 1;
    expect_failed("another firmware");
    assert_int_equal(fake_flash.erases + fake_flash.writes, operations);
    assert_int_equal(update(), ESP_OK);
}

static void partitions_that_do_not_do_are_told(void **state)
{
    assert_int_equal(hotreload_update_partition("nothing", sent.body, SIZE), ESP_ERR_NOT_FOUND);
    expect_failed("no partition");
    sent_t large;
    sent_module(&large, 3, 7 * FAKE_FLASH_SECTOR);
    assert_int_equal(hotreload_update_partition(FAKE_FLASH_LABEL, large.body, large.size),
                     ESP_ERR_INVALID_SIZE);
    expect_failed("no room for 28672 bytes");
    sent_free(&large);
}

static void a_record_inside_a_module_is_refused(void **state)
{
    const uint32_t magic = HOTRELOAD_RECORD_MAGIC;
    memcpy(sent.body + FAKE_FLASH_SECTOR - HOTRELOAD_RECORD_DATA, &magic, sizeof magic);
    assert_int_equal(update(), ESP_ERR_INVALID_RESPONSE);
    expect_failed("looks like a record of the store");
}

/** Lets the n-th operation fail for every n that an update reaches. @return how many */
static unsigned fail_every(unsigned *count, esp_err_t expected, const char *part)
{
    for (unsigned n = 1;; n++) {
        sent_tear_down(NULL);
        sent_set_up(NULL);
        *count = n;
        esp_err_t error = update();
        bool reached = *count == 0;
        *count = 0;
        if (!reached) {
            assert_int_equal(error, ESP_OK);
            return n - 1;
        }
        assert_int_equal(error, expected);
        expect_failed(part);
        assert_int_equal(update(), ESP_OK);
        sent_expect_stored(&sent);
    }
}

static void flash_and_memory_that_fail_are_told(void **state)
{
    assert_int_equal(fail_every(&fake_flash.fail_erase, ESP_ERR_FLASH_OP_FAIL, "erased"), 2);
    assert_int_equal(fail_every(&fake_flash.fail_write, ESP_ERR_FLASH_OP_FAIL, "written"), 4);
    assert_int_equal(fail_every(&fake_flash.fail_map, ESP_ERR_FLASH_OP_FAIL, "mapped"), 1);
    assert_int_equal(fail_every(&fake_port.fail_allocation, ESP_ERR_NO_MEM, ""), 3);
    assert_int_equal(fail_every(&fake_port.fail_hash_update, ESP_FAIL, "computed"), 2);
}

static void flash_that_changes_what_was_written_is_told(void **state)
{
    fake_flash.corrupt_write = 2;
    assert_int_equal(update(), ESP_ERR_FLASH_OP_FAIL);
    expect_failed("damaged");
}

#define UPDATE_TEST(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, sent_set_up_upload, sent_tear_down_upload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPDATE_TEST(a_module_is_stored_and_announced),
        UPDATE_TEST(a_module_at_an_odd_address_is_stored),
        UPDATE_TEST(null_arguments_are_refused),
        UPDATE_TEST(an_upload_under_way_keeps_it_out),
        UPDATE_TEST(what_is_no_module_reaches_no_flash),
        UPDATE_TEST(partitions_that_do_not_do_are_told),
        UPDATE_TEST(a_record_inside_a_module_is_refused),
        UPDATE_TEST(flash_that_changes_what_was_written_is_told),
        UPDATE_TEST(flash_and_memory_that_fail_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The errors of systems without ESP-IDF.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "esp_err.h"
#include "fake_port.h"

static void errors_have_the_names_and_numbers_of_esp_idf(void **state)
{
    static const struct {
        int number;
        const char *name;
    } errors[] = {
        {0, "ESP_OK"},
        {-1, "ESP_FAIL"},
        {0x101, "ESP_ERR_NO_MEM"},
        {0x102, "ESP_ERR_INVALID_ARG"},
        {0x103, "ESP_ERR_INVALID_STATE"},
        {0x104, "ESP_ERR_INVALID_SIZE"},
        {0x105, "ESP_ERR_NOT_FOUND"},
        {0x106, "ESP_ERR_NOT_SUPPORTED"},
        {0x107, "ESP_ERR_TIMEOUT"},
        {0x108, "ESP_ERR_INVALID_RESPONSE"},
        {0x109, "ESP_ERR_INVALID_CRC"},
        {0x10A, "ESP_ERR_INVALID_VERSION"},
        {0x10B, "ESP_ERR_INVALID_MAC"},
        {0x10C, "ESP_ERR_NOT_FINISHED"},
        {0x6001, "ESP_ERR_FLASH_OP_FAIL"},
        {0x1234, "UNKNOWN ERROR"},
    };
    for (size_t i = 0; i < COUNT(errors); i++) {
        assert_string_equal(esp_err_to_name(errors[i].number), errors[i].name);
    }
}

static int calls;

static esp_err_t fails(void)
{
    calls++;
    return ESP_ERR_NO_MEM;
}

static void check(void *argument)
{
    (void)argument;
    ESP_ERROR_CHECK(fails());
}

static void a_failed_check_stops_the_program_and_says_where(void **state)
{
    calls = 0;
    assert_true(fake_port_panics(check, NULL));
    assert_int_equal(calls, 1);
    assert_non_null(strstr(fake_port.panic, "ESP_ERR_NO_MEM (0x101)"));
    assert_non_null(strstr(fake_port.panic, "test_esp_err.c"));
    assert_non_null(strstr(fake_port.panic, "fails()"));
    ESP_ERROR_CHECK(ESP_OK);
}

static int set_up(void **state)
{
    fake_port_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(errors_have_the_names_and_numbers_of_esp_idf, set_up),
        cmocka_unit_test_setup(a_failed_check_stops_the_program_and_says_where, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

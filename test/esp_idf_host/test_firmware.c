/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_app.h"
#include "image/module_format.h"
#include "port.h"

static void the_identity_is_the_whole_sha256_of_the_elf(void **test)
{
    const uint8_t expected[32] = FAKE_APP_SHA256;
    size_t size;
    const uint8_t *id = hotreload_port_firmware_id(&size);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(id, expected, sizeof expected);
    size_t again;
    assert_ptr_equal(hotreload_port_firmware_id(&again), id);
}

static void project_and_chip_have_their_names(void **test)
{
    assert_string_equal(hotreload_port_project(), "blinky");
    assert_string_equal(hotreload_port_chip_name(), CONFIG_IDF_TARGET);
}

static void chip_and_abi_are_those_of_the_build(void **test)
{
    assert_int_equal(hotreload_port_chip(), CONFIG_IDF_FIRMWARE_CHIP_ID);
    assert_int_equal(hotreload_port_abi(), EXPECTED_ABI);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_identity_is_the_whole_sha256_of_the_elf),
        cmocka_unit_test(project_and_chip_have_their_names),
        cmocka_unit_test(chip_and_abi_are_those_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

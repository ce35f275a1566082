/*
 * RAM that is no module's: buffers from whichever heap has room, and the number that a restart does
 * not clear.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fakes/fake_heap.h"
#include "port.h"

/** Where __NOINIT_ATTR puts variables, by the linker. */
extern uint8_t __start_noinit[], __stop_noinit[];

static int setup(void **test)
{
    (void)test;
    fake_heap_reset();
    return 0;
}

static void a_buffer_is_had_and_freed(void **test)
{
    (void)test;
    uint8_t *buffer = hotreload_port_buffer_alloc(777);
    assert_non_null(buffer);
    memset(buffer, 0x5a, 777);
    assert_int_equal(fake_heap.live, 1);
    hotreload_port_buffer_free(buffer, 777);
    fake_heap_expect_empty();
}

static void without_room_there_is_none(void **test)
{
    (void)test;
    assert_null(hotreload_port_buffer_alloc(64u * 1024 * 1024));
    fake_heap_expect_empty();
}

static void a_number_is_kept_until_the_next(void **test)
{
    (void)test;
    const uint32_t numbers[] = {1, UINT32_MAX, 7, 0};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        hotreload_port_retain(numbers[i]);
        assert_int_equal(hotreload_port_retained(), numbers[i]);
    }
}

static void what_the_ram_holds_after_a_loss_of_power_is_no_number(void **test)
{
    (void)test;
    const size_t size = (size_t)(__stop_noinit - __start_noinit);
    assert_int_equal(size, 8);
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        memset(__start_noinit, (int)pattern, size);
        assert_int_equal(hotreload_port_retained(), 0);
    }
    hotreload_port_retain(9);
    __start_noinit[size - 1] ^= 1;
    assert_int_equal(hotreload_port_retained(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_buffer_is_had_and_freed, setup),
        cmocka_unit_test_setup(without_room_there_is_none, setup),
        cmocka_unit_test(a_number_is_kept_until_the_next),
        cmocka_unit_test(what_the_ram_holds_after_a_loss_of_power_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

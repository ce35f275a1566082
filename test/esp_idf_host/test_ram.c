/*
 * RAM that is no module's: buffers from whichever heap has room.
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_buffer_is_had_and_freed, setup),
        cmocka_unit_test_setup(without_room_there_is_none, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>

#include "testing.h"
#include "fakes/fake_freertos.h"
#include "freertos/FreeRTOS.h"
#include "port.h"

#define ROUNDS 2000

static volatile int inside, entered;

/** Reads, lets others run, and writes: without the lock, updates are lost and both are inside. */
static void *enter_often(void *together)
{
    for (int i = 0; i < ROUNDS; i++) {
        hotreload_port_lock(HOTRELOAD_LOCK_STORE);
        if (inside++ != 0) {
            *(int *)together = 1;
        }
        int count = entered;
        sched_yield();
        entered = count + 1;
        inside--;
        hotreload_port_unlock(HOTRELOAD_LOCK_STORE);
    }
    return NULL;
}

static void all_locks_exist_before_main(void **test)
{
    assert_int_equal(fake_mutexes_created, HOTRELOAD_LOCK_COUNT);
}

static void one_task_at_a_time_holds_a_lock(void **test)
{
    pthread_t tasks[2];
    int together = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&tasks[i], NULL, enter_often, &together), 0);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(tasks[i], NULL), 0);
    }
    assert_int_equal(together, 0);
    assert_int_equal(entered, 2 * ROUNDS);
    assert_int_equal(fake_mutexes_created, HOTRELOAD_LOCK_COUNT);
}

static void the_locks_are_different_ones(void **test)
{
    for (int lock = 0; lock < HOTRELOAD_LOCK_COUNT; lock++) {
        hotreload_port_lock((hotreload_lock_t)lock);
    }
    for (int lock = HOTRELOAD_LOCK_COUNT - 1; lock >= 0; lock--) {
        hotreload_port_unlock((hotreload_lock_t)lock);
    }
}

static void time_is_in_milliseconds(void **test)
{
    fake_ticks = 123;
    assert_int_equal(hotreload_port_now_ms(), 123 * portTICK_PERIOD_MS);
}

static void random_bytes_fill_what_is_asked_for(void **test)
{
    uint8_t bytes[32] = {0}, none[32] = {0};
    hotreload_port_random(bytes, sizeof bytes - 1);
    assert_memory_not_equal(bytes, none, sizeof none);
    assert_int_equal(bytes[31], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_locks_exist_before_main),
        cmocka_unit_test(one_task_at_a_time_holds_a_lock),
        cmocka_unit_test(the_locks_are_different_ones),
        cmocka_unit_test(time_is_in_milliseconds),
        cmocka_unit_test(random_bytes_fill_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

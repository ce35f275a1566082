/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "testing.h"
#include "fakes/fake_freertos.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "port.h"

static atomic_uint rounds, wait_ms;
static sem_t worked;
static bool stops_itself;
static esp_err_t stop_result;

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return pthread_equal(pthread_self(), fake_pinned.thread) ? &fake_pinned : NULL;
}

void vTaskDelete(TaskHandle_t xTaskToDelete)
{
    assert_null(xTaskToDelete);
    pthread_exit(NULL);
}

static uint32_t work(void)
{
    rounds++;
    if (stops_itself) {
        stop_result = hotreload_port_stop_worker();
    }
    sem_post(&worked);
    return wait_ms;
}

static hotreload_worker_t worker(int core)
{
    return (hotreload_worker_t){.stack_size = 5000, .priority = 7, .core = core, .work = work};
}

static int setup(void **test)
{
    rounds = 0;
    wait_ms = UINT32_MAX;
    stops_itself = false;
    fake_pinned.fails = false;
    return sem_init(&worked, 0, 0);
}

static void stop(void)
{
    assert_int_equal(hotreload_port_stop_worker(), ESP_OK);
    pthread_join(fake_pinned.thread, NULL);
}

static void it_works_at_once_and_when_it_is_woken(void **test)
{
    const hotreload_worker_t settings = worker(-1);
    assert_int_equal(hotreload_port_start_worker(&settings), ESP_OK);
    sem_wait(&worked);
    hotreload_port_wake_worker();
    sem_wait(&worked);
    stop();
    assert_true(rounds >= 2);
    assert_string_equal(fake_pinned.name, "hotreload_auto");
    assert_int_equal(fake_pinned.stack_size, 5000);
    assert_int_equal(fake_pinned.priority, 7);
    assert_int_equal(fake_pinned.core, tskNO_AFFINITY);
}

static void it_works_again_when_its_time_has_passed(void **test)
{
    const hotreload_worker_t settings = worker(1);
    const uint32_t before = fake_ticks;
    wait_ms = 50;
    assert_int_equal(hotreload_port_start_worker(&settings), ESP_OK);
    for (unsigned i = 0; i < 3; i++) {
        sem_wait(&worked);
    }
    assert_true(fake_ticks - before >= 2 * 6); /* 50 ms and a tick, each */
    stop();
    assert_int_equal(fake_pinned.core, 1);
}

static void it_cannot_stop_itself(void **test)
{
    const hotreload_worker_t settings = worker(0);
    stops_itself = true;
    assert_int_equal(hotreload_port_start_worker(&settings), ESP_OK);
    sem_wait(&worked);
    assert_int_equal(stop_result, ESP_ERR_INVALID_STATE);
    stops_itself = false;
    stop();
}

static void waking_nobody_does_nothing(void **test)
{
    hotreload_port_wake_worker();
    hotreload_port_wake_worker();
    assert_int_equal(rounds, 0);
}

static void without_memory_there_is_none(void **test)
{
    const hotreload_worker_t settings = worker(-1);
    fake_pinned.fails = true;
    assert_int_equal(hotreload_port_start_worker(&settings), ESP_ERR_NO_MEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_works_at_once_and_when_it_is_woken, setup),
        cmocka_unit_test_setup(it_works_again_when_its_time_has_passed, setup),
        cmocka_unit_test_setup(it_cannot_stop_itself, setup),
        cmocka_unit_test_setup(waking_nobody_does_nothing, setup),
        cmocka_unit_test_setup(without_memory_there_is_none, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

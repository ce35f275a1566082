/*
 * The code in docs/using.md that brings a task to a known point outside reloadable code: the task
 * is never inside during a reload, and goes on afterwards.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "testing.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "hotreload.h"
#include "reloadable.h"

#include DOCUMENTED

#define RELOADS 1000u

/** A task, as far as its notifications go. */
typedef struct {
    uint32_t notified;
} task_t;

static task_t tasks[2];
static _Thread_local task_t *self;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static atomic_bool inside, ends;
static atomic_uint calls;
static unsigned reloads;

BaseType_t xTaskNotifyGive(TaskHandle_t xTaskToNotify)
{
    pthread_mutex_lock(&mutex);
    ((task_t *)xTaskToNotify)->notified++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
    return pdPASS;
}

uint32_t ulTaskNotifyTake(BaseType_t xClearCountOnExit, TickType_t xTicksToWait)
{
    assert_true(xClearCountOnExit == pdTRUE && xTicksToWait == portMAX_DELAY);
    pthread_mutex_lock(&mutex);
    while (self->notified == 0) {
        pthread_cond_wait(&changed, &mutex);
    }
    const uint32_t notified = self->notified;
    self->notified = 0;
    pthread_mutex_unlock(&mutex);
    return notified;
}

void reloadable_hello(const char *name)
{
    (void)name;
    inside = true;
    calls++;
    if (ends) {
        pthread_exit(NULL);
    }
    inside = false;
}

void reloadable_init(void)
{
}

esp_err_t hotreload_reload(const hotreload_config_t *config)
{
    (void)config;
    const unsigned before = calls;
    for (unsigned i = 0; i < 100; i++) {
        assert_false(inside);
    }
    assert_int_equal(calls, before);
    return ++reloads % 2 == 0 ? ESP_OK : ESP_ERR_NO_MEM;
}

static void *run_worker(void *task)
{
    self = task;
    worker(NULL);
    return NULL;
}

static void the_worker_is_outside_during_a_reload(void **test)
{
    pthread_t thread;
    const hotreload_config_t config = HOTRELOAD_CONFIG_DEFAULT();
    self = &tasks[0];
    main_task = &tasks[0];
    worker_task = &tasks[1];
    assert_int_equal(pthread_create(&thread, NULL, run_worker, &tasks[1]), 0);
    while (calls == 0) {
        sched_yield();
    }
    for (unsigned i = 0; i < RELOADS; i++) {
        reload(&config);
    }
    assert_int_equal(reloads, RELOADS);
    ends = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(calls > RELOADS); /* once between two reloads, at least, and once more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worker_is_outside_during_a_reload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

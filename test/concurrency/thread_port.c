/* SPDX-License-Identifier: MIT */
#include "thread_port.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/common_interface_defs.h>

#include "fake_port.h"
#include "image/module_format.h"
#include "schedule.h"
#include "thread_flash.h"
#include "thread_memory.h"

/** What module_builder.c builds for; constant while tasks run. */
fake_port_t fake_port;

static uint32_t fault_in; /* constant while tasks run */
static void (*module_check)(void);
static pthread_mutex_t mutexes[HOTRELOAD_LOCK_COUNT] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static _Thread_local bool held[HOTRELOAD_LOCK_COUNT];

/* Counted with relaxed order, so that counting orders nothing in the core. */
static atomic_int live_hashes;
static atomic_uint faults;
static atomic_ullong running_seed;
static atomic_uint now_ms;

/** What hotreload_port_trial_timer() was asked to call. The port's own, as a timer's task is. */
static pthread_mutex_t timer_mutex = PTHREAD_MUTEX_INITIALIZER;
static void (*timer_expired)(uint32_t trial);
static uint32_t timer_trial;

/* ---- Failures ---- */

static void print_seed(void)
{
    fprintf(stderr, "repeat it with the arguments: %llu 1\n", atomic_load(&running_seed));
}

void thread_port_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    print_seed();
    _Exit(1);
}

void thread_port_describe_run(uint64_t seed)
{
    atomic_store(&running_seed, seed);
    __sanitizer_set_death_callback(print_seed);
}

/** ThreadSanitizer asks for it: the first report ends the program. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "halt_on_error=1";
}

void thread_port_point(void)
{
    if (schedule_is_serial()) {
        thread_memory_check_table();
    }
    schedule_point();
}

bool thread_port_fails_here(void)
{
    thread_port_point();
    if (fault_in == 0 || schedule_random(fault_in) != 0) {
        return false;
    }
    atomic_fetch_add_explicit(&faults, 1, memory_order_relaxed);
    return true;
}

/* ---- Beginning and end ---- */

void thread_port_begin(const thread_port_settings_t *settings)
{
    thread_port_expect_idle();
    thread_memory_begin(settings->ram_limit);
    thread_flash_begin(settings->flash_sectors);
    fake_port.arch = &hotreload_arch_riscv;
    fake_port.chip = HOTRELOAD_CHIP_EMULATOR;
    fake_port.abi = HOTRELOAD_ABI_RISCV_ILP32;
    fake_port.firmware_id_size = 20;
    memcpy(fake_port.firmware_id, "twenty bytes, no less", fake_port.firmware_id_size);
    fault_in = 0;
}

void thread_port_fail_one_in(uint32_t operations)
{
    fault_in = operations;
}

unsigned thread_port_faults(void)
{
    return atomic_load(&faults);
}

void thread_port_expect_idle(void)
{
    thread_memory_expect_idle();
    thread_flash_expect_idle();
    if (atomic_load(&live_hashes) != 0) {
        thread_port_fail("%d hashes were not freed", atomic_load(&live_hashes));
    }
}

/* ---- The firmware and the chip ---- */

const uint8_t *hotreload_port_firmware_id(size_t *size)
{
    *size = fake_port.firmware_id_size;
    return fake_port.firmware_id;
}

const hotreload_arch_t *hotreload_port_arch(void)
{
    return fake_port.arch;
}

const char *hotreload_port_project(void)
{
    return "threads";
}

const char *hotreload_port_chip_name(void)
{
    return "host";
}

uint16_t hotreload_port_chip(void)
{
    return fake_port.chip;
}

uint16_t hotreload_port_abi(void)
{
    return fake_port.abi;
}

/* ---- Hashes: FNV-1a, spread over 32 bytes ---- */

struct hotreload_hash {
    uint64_t state;
};

static void add(struct hotreload_hash *hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        hash->state = (hash->state ^ bytes[i]) * 1099511628211u;
    }
}

static void finish(struct hotreload_hash *hash, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        add(hash, "", 1);
        digest[i] = (uint8_t)(hash->state >> 56);
    }
}

static struct hotreload_hash keyed(const void *key, size_t key_size)
{
    struct hotreload_hash hash = {.state = 14695981039346656037u};
    if (key != NULL) {
        add(&hash, key, key_size);
    }
    return hash;
}

thread_port_digest_t thread_port_digest(const void *key, size_t key_size, const void *data,
                                        size_t size)
{
    thread_port_digest_t digest;
    struct hotreload_hash hash = keyed(key, key_size);
    add(&hash, data, size);
    finish(&hash, digest.bytes);
    return digest;
}

esp_err_t hotreload_port_hash_begin(const void *key, size_t key_size, hotreload_hash_t **hash)
{
    *hash = NULL;
    if (thread_port_fails_here() || (*hash = malloc(sizeof **hash)) == NULL) {
        return ESP_ERR_NO_MEM;
    }
    **hash = keyed(key, key_size);
    atomic_fetch_add_explicit(&live_hashes, 1, memory_order_relaxed);
    return ESP_OK;
}

esp_err_t hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size)
{
    bool fails = thread_port_fails_here();
    add(hash, data, size);
    return fails ? ESP_FAIL : ESP_OK;
}

esp_err_t hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t digest[HOTRELOAD_HASH_SIZE])
{
    if (hash == NULL) {
        return ESP_OK;
    }
    bool fails = thread_port_fails_here();
    if (digest != NULL) {
        finish(hash, digest);
    }
    free(hash);
    atomic_fetch_sub_explicit(&live_hashes, 1, memory_order_relaxed);
    return fails ? ESP_FAIL : ESP_OK;
}

void hotreload_port_random(void *data, size_t size)
{
    uint8_t *bytes = data;
    thread_port_point();
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)schedule_random(256);
    }
}

/* ---- Tasks, time and words ---- */

void thread_port_on_module_unlock(void (*check)(void))
{
    module_check = check;
}

void hotreload_port_lock(hotreload_lock_t lock)
{
    for (unsigned other = lock; other < HOTRELOAD_LOCK_COUNT; other++) {
        if (held[other]) {
            thread_port_fail("lock %d is taken while lock %u is held", (int)lock, other);
        }
    }
    schedule_lock(lock);
    pthread_mutex_lock(&mutexes[lock]);
    held[lock] = true;
}

void hotreload_port_unlock(hotreload_lock_t lock)
{
    if (!held[lock]) {
        thread_port_fail("lock %d is given back by a task that does not hold it", (int)lock);
    }
    if (lock == HOTRELOAD_LOCK_MODULE && module_check != NULL) {
        module_check();
    }
    held[lock] = false;
    pthread_mutex_unlock(&mutexes[lock]);
    schedule_unlock(lock);
}

/** Goes on with every look at it. */
uint32_t hotreload_port_now_ms(void)
{
    return atomic_fetch_add_explicit(&now_ms, 50, memory_order_relaxed);
}

uint32_t hotreload_port_take_crashed(void)
{
    return 0;
}

/* No two tasks write it at once, as the sanitizer sees. */
static uint32_t retained;

void hotreload_port_retain(uint32_t sequence)
{
    retained = sequence;
    thread_port_point();
}

uint32_t thread_port_retained(void)
{
    return retained;
}

/* The modules of these tests are never executed. */
void hotreload_port_each_task(bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    (void)visit;
    (void)context;
}

bool hotreload_port_fetch(uint32_t address, uint16_t *code)
{
    (void)address;
    (void)code;
    return false;
}

esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context)
{
    (void)text;
    action(context);
    return ESP_OK;
}

void hotreload_port_pause(void)
{
}

void hotreload_port_post_event(hotreload_event_t event, const hotreload_event_data_t *data)
{
    (void)event;
    (void)data;
}

void hotreload_port_wake_worker(void)
{
}

esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial)
{
    if (thread_port_fails_here()) {
        return ESP_ERR_NO_MEM;
    }
    pthread_mutex_lock(&timer_mutex);
    timer_expired = expired;
    timer_trial = trial;
    pthread_mutex_unlock(&timer_mutex);
    return ESP_OK;
}

void thread_port_let_timer_expire(void)
{
    pthread_mutex_lock(&timer_mutex);
    void (*expired)(uint32_t) = timer_expired;
    const uint32_t trial = timer_trial;
    timer_expired = NULL;
    pthread_mutex_unlock(&timer_mutex);
    thread_port_point(); /* another trial may begin before the call comes */
    if (expired != NULL) {
        expired(trial);
    }
}

void hotreload_port_log(hotreload_log_t level, const char *format, ...)
{
    (void)level;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (strchr(line, '\n') != NULL) {
        thread_port_fail("a log line of two lines: %s", line);
    }
    /* A task that has begun one is not to find that somebody else has ended it. */
    if (strstr(line, "no record is being written") != NULL ||
        strstr(line, "no upload is under way") != NULL) {
        thread_port_fail("a record was lost: %s", line);
    }
    thread_port_point();
}

void hotreload_port_panic(const char *message)
{
    thread_port_fail("panic: %s", message);
}

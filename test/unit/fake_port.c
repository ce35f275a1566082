/* SPDX-License-Identifier: MIT */
#include "fake_port.h"

#include "testing.h"
#include "image/module_format.h"

#define REGIONS 32u

/** Memory behind a region. A free slot has no bytes. */
typedef struct {
    uint8_t *bytes;
    uint32_t run;
    size_t size;
    bool unsynced;
} memory_t;

fake_port_t fake_port;
static memory_t texts[REGIONS];
static memory_t datas[REGIONS];
static bool held[HOTRELOAD_LOCK_COUNT];
static jmp_buf panic_jump;
static bool panic_expected;
static bool is_alone;

static void free_all(memory_t *memories)
{
    for (size_t i = 0; i < REGIONS; i++) {
        free(memories[i].bytes);
        memories[i] = (memory_t){0};
    }
}

void fake_port_reset(void)
{
    free_all(texts);
    free_all(datas);
    memset(held, 0, sizeof held);
    panic_expected = false;
    fake_port = (fake_port_t){
        .text_next = 0x40380000u,
        .data_next = 0x3fc90000u,
        .text_limit = 1024u * 1024u,
        .data_limit = 1024u * 1024u,
        .ram_limit = SIZE_MAX,
        .text_caps = UINT32_MAX,
        .firmware_id_size = 20,
        .project = "unit test",
        .arch = &hotreload_arch_riscv,
        .chip = HOTRELOAD_CHIP_EMULATOR,
        .abi = HOTRELOAD_ABI_RISCV_ILP32,
    };
    for (size_t i = 0; i < fake_port.firmware_id_size; i++) {
        fake_port.firmware_id[i] = (uint8_t)(0xa0 + i);
    }
}

static bool is_any_held(void)
{
    for (size_t i = 0; i < HOTRELOAD_LOCK_COUNT; i++) {
        if (held[i]) {
            return true;
        }
    }
    return false;
}

void fake_port_expect_idle(void)
{
    assert_false(is_any_held());
    assert_int_equal(fake_port.live_allocations, 0);
    assert_int_equal(fake_port.live_bytes, 0);
}

/* ---- Memory ---- */

bool fake_port_count_allocation(void)
{
    fake_port.allocations++;
    if (fake_port.fail_allocation != 0 && --fake_port.fail_allocation == 0) {
        return false;
    }
    fake_port.live_allocations++;
    return true;
}

void fake_port_count_free(void)
{
    assert_true(fake_port.live_allocations > 0);
    fake_port.live_allocations--;
}

/** Allocates exactly `size` bytes, so that the sanitizer sees the first byte outside. */
static memory_t *allocate(memory_t *memories, uint32_t *next, size_t limit, size_t size,
                          size_t align)
{
    if (size == 0 || size % 4 != 0 || align < 4 || (align & (align - 1)) != 0) {
        fail_msg("region of %zu bytes aligned to %zu asked for", size, align);
    }
    if (!fake_port_count_allocation()) {
        return NULL;
    }
    if (size > limit || size > fake_port.ram_limit - fake_port.live_bytes) {
        fake_port_count_free();
        return NULL;
    }
    size_t slot = 0;
    while (slot < REGIONS && memories[slot].bytes != NULL) {
        slot++;
    }
    assert_true(slot < REGIONS);
    void *bytes = NULL;
    size_t native_align = align < sizeof(void *) ? sizeof(void *) : align;
    assert_int_equal(posix_memalign(&bytes, native_align, size), 0);
    memset(bytes, 0xa5, size);
    uint32_t run = (*next + (uint32_t)align - 1) & ~((uint32_t)align - 1);
    *next = run + (uint32_t)size;
    memories[slot] = (memory_t){.bytes = bytes, .run = run, .size = size};
    fake_port.live_bytes += size;
    return &memories[slot];
}

static void release(memory_t *memory)
{
    fake_port.live_bytes -= memory->size;
    fake_port_count_free();
    free(memory->bytes);
    *memory = (memory_t){0};
}

/** A number that no one can dereference: text is only reached through the port's functions. */
static void *text_handle(const memory_t *memory)
{
    return (void *)(uintptr_t)(memory - texts + 1);
}

static memory_t *text_memory(const hotreload_region_t *region)
{
    uintptr_t handle = (uintptr_t)region->write;
    if (handle == 0 || handle > REGIONS || texts[handle - 1].bytes == NULL) {
        fail_msg("no such text region: handle %zu", (size_t)handle);
    }
    return &texts[handle - 1];
}

static memory_t *data_memory(const hotreload_region_t *region)
{
    for (size_t i = 0; i < REGIONS; i++) {
        if (datas[i].bytes != NULL && datas[i].bytes == region->write) {
            return &datas[i];
        }
    }
    fail_msg("no such data region: run address 0x%x", (unsigned)region->run);
    return NULL;
}

esp_err_t hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    fake_port.last_text_caps = caps;
    if ((caps & ~fake_port.text_caps) != 0) {
        return ESP_ERR_NOT_SUPPORTED;
    }
    memory_t *memory = allocate(texts, &fake_port.text_next, fake_port.text_limit, size, align);
    if (memory == NULL) {
        return ESP_ERR_NO_MEM;
    }
    memory->unsynced = true;
    *region = (hotreload_region_t){.run = memory->run, .write = text_handle(memory), .size = size};
    return ESP_OK;
}

esp_err_t hotreload_port_data_alloc(size_t size, size_t align, uint32_t caps,
                                    hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    fake_port.last_data_caps = caps;
    memory_t *memory = allocate(datas, &fake_port.data_next, fake_port.data_limit, size, align);
    if (memory == NULL) {
        return ESP_ERR_NO_MEM;
    }
    *region = (hotreload_region_t){.run = memory->run, .write = memory->bytes, .size = size};
    return ESP_OK;
}

void hotreload_port_text_free(hotreload_region_t *region)
{
    if (region->write != NULL) {
        memory_t *memory = text_memory(region);
        const uint8_t *bytes = memory->bytes;
        fake_port.freed_text_is_clear = !memory->unsynced;
        for (size_t i = 0; i < memory->size && fake_port.freed_text_is_clear; i++) {
            fake_port.freed_text_is_clear = bytes[i] == 0;
        }
        release(memory);
    }
    *region = (hotreload_region_t){0};
}

void hotreload_port_data_free(hotreload_region_t *region)
{
    if (region->write != NULL) {
        release(data_memory(region));
    }
    *region = (hotreload_region_t){0};
}

uint32_t hotreload_port_text_room(void)
{
    return (uint32_t)fake_port.text_limit;
}

uint32_t hotreload_port_data_room(void)
{
    return (uint32_t)fake_port.data_limit;
}

/** Of exactly `size` bytes, too. */
void *hotreload_port_buffer_alloc(size_t size)
{
    if (!fake_port_count_allocation()) {
        return NULL;
    }
    if (size > fake_port.ram_limit - fake_port.live_bytes) {
        fake_port_count_free();
        return NULL;
    }
    void *buffer = malloc(size);
    assert_non_null(buffer);
    fake_port.live_bytes += size;
    return buffer;
}

void hotreload_port_buffer_free(void *buffer, size_t size)
{
    assert_non_null(buffer);
    memset(buffer, 0x5a, size);
    free(buffer);
    fake_port.live_bytes -= size;
    fake_port_count_free();
}

static uint8_t *text_word(const hotreload_region_t *region, size_t offset)
{
    memory_t *memory = text_memory(region);
    if (offset % 4 != 0 || offset >= memory->size) {
        fail_msg("text access at offset %zu of %zu bytes", offset, memory->size);
    }
    return memory->bytes + offset;
}

uint32_t hotreload_port_text_read(const hotreload_region_t *region, size_t offset)
{
    uint32_t word;
    memcpy(&word, text_word(region, offset), sizeof word);
    return word;
}

void hotreload_port_text_write(const hotreload_region_t *region, size_t offset, uint32_t word)
{
    memcpy(text_word(region, offset), &word, sizeof word);
    text_memory(region)->unsynced = true;
    if (fake_port.on_text_write != NULL) {
        fake_port.on_text_write(region->run + (uint32_t)offset, word);
    }
}

esp_err_t hotreload_port_sync(const hotreload_region_t *text, const hotreload_region_t *data)
{
    fake_port.sync_count++;
    if (data->write != NULL) {
        (void)data_memory(data);
    }
    if (text->write != NULL && fake_port.sync_result == ESP_OK) {
        text_memory(text)->unsynced = false;
    }
    return fake_port.sync_result;
}

static uint8_t *by_run_address(memory_t *memories, uint32_t run, size_t size)
{
    for (size_t i = 0; i < REGIONS; i++) {
        uint32_t offset = run - memories[i].run;
        if (memories[i].bytes != NULL && offset <= memories[i].size &&
            size <= memories[i].size - offset) {
            return memories[i].bytes + offset;
        }
    }
    fail_msg("no region has %zu bytes at run address 0x%x", size, (unsigned)run);
    return NULL;
}

const uint8_t *fake_port_text(uint32_t run, size_t size)
{
    return by_run_address(texts, run, size);
}

uint8_t *fake_port_data(uint32_t run, size_t size)
{
    return by_run_address(datas, run, size);
}

void hotreload_port_call(uint32_t run_address)
{
    for (size_t i = 0; i < REGIONS; i++) {
        /* What is written while nothing else runs is synchronised at its end. */
        if (!is_alone || run_address - texts[i].run < texts[i].size) {
            assert_false(texts[i].unsynced);
        }
    }
    assert_true(fake_port.call_count < FAKE_PORT_CALLS);
    fake_port.calls[fake_port.call_count++] = run_address;
    if (fake_port.on_call != NULL) {
        fake_port.on_call(run_address);
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
    return fake_port.project;
}

const char *hotreload_port_chip_name(void)
{
    return "esp32c61"; /* no name is longer */
}

uint16_t hotreload_port_chip(void)
{
    return fake_port.chip;
}

uint16_t hotreload_port_abi(void)
{
    return fake_port.abi;
}

/* ---- Tasks, time, chance and words ---- */

uint32_t hotreload_port_now_ms(void)
{
    return fake_port.now_ms;
}

void hotreload_port_random(void *data, size_t size)
{
    static uint32_t state = 1;
    uint8_t *bytes = data;
    fake_port.randoms++;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
}

void hotreload_port_each_task(bool (*visit)(const hotreload_task_t *task, void *context),
                              void *context)
{
    assert_true(is_alone);
    for (size_t i = 0; i < fake_port.task_count && visit(&fake_port.tasks[i], context); i++) {
    }
}

bool hotreload_port_fetch(uint32_t address, uint16_t *code)
{
    if (address - FAKE_CODE >= fake_port.code_size) {
        return false;
    }
    memcpy(code, fake_port.code + (address - FAKE_CODE), sizeof *code);
    return true;
}

esp_err_t hotreload_port_alone(const hotreload_region_t *text, void (*action)(void *context),
                               void *context)
{
    static const hotreload_region_t no_data;
    assert_true(held[HOTRELOAD_LOCK_MODULE]);
    assert_false(is_alone);
    if (!fake_port_count_allocation()) {
        return ESP_ERR_NO_MEM;
    }
    if (fake_port.stop_count < FAKE_STOPS) {
        fake_port.retained_at_stop[fake_port.stop_count++] = fake_port.retained;
    }
    is_alone = true;
    action(context);
    is_alone = false;
    (void)hotreload_port_sync(text, &no_data);
    fake_port_count_free();
    return ESP_OK;
}

void hotreload_port_post_event(hotreload_event_t event, const hotreload_event_data_t *data)
{
    const unsigned index = fake_port.event_count++;
    if (index < FAKE_EVENTS) {
        fake_port.events[index].event = event;
        fake_port.events[index].data = *data;
        fake_port.events[index].retained = fake_port.retained;
    }
}

esp_err_t hotreload_port_start_worker(const hotreload_worker_t *worker)
{
    assert_null(fake_port.worker.work);
    if (fake_port.fail_worker) {
        return ESP_ERR_NO_MEM;
    }
    fake_port.worker = *worker;
    return ESP_OK;
}

esp_err_t hotreload_port_stop_worker(void)
{
    assert_non_null(fake_port.worker.work);
    if (fake_port.is_worker) {
        return ESP_ERR_INVALID_STATE;
    }
    fake_port.worker = (hotreload_worker_t){0};
    return ESP_OK;
}

void hotreload_port_wake_worker(void)
{
    fake_port.wakes++;
}

void hotreload_port_pause(void)
{
    assert_false(is_alone);
    fake_port.pauses++;
    if (fake_port.on_pause != NULL) {
        fake_port.on_pause();
    }
}

void hotreload_port_lock(hotreload_lock_t lock)
{
    assert_false(is_alone);
    for (size_t i = lock; i < HOTRELOAD_LOCK_COUNT; i++) {
        if (held[i]) {
            fail_msg("lock %d taken while lock %zu is held", (int)lock, i);
        }
    }
    held[lock] = true;
}

void hotreload_port_unlock(hotreload_lock_t lock)
{
    assert_true(held[lock]);
    held[lock] = false;
    if (fake_port.on_unlock != NULL && !is_any_held()) {
        fake_port.on_unlock();
    }
    if (fake_port.is_worker_busy && !fake_port.is_worker && !is_any_held()) {
        fake_port.is_worker = true;
        (void)fake_port.worker.work();
        fake_port.is_worker = false;
    }
}

bool fake_port_is_alone(void)
{
    return is_alone;
}

bool fake_port_holds(hotreload_lock_t lock)
{
    return held[lock];
}

uint32_t hotreload_port_take_crashed(void)
{
    assert_true(held[HOTRELOAD_LOCK_MODULE]);
    uint32_t crashed = fake_port.crashed;
    fake_port.crashed = 0;
    return crashed;
}

void hotreload_port_retain(uint32_t sequence)
{
    assert_true(held[HOTRELOAD_LOCK_MODULE] || held[HOTRELOAD_LOCK_STATUS]);
    fake_port.retained = sequence;
}

esp_err_t hotreload_port_trial_timer(void (*expired)(uint32_t trial), uint32_t trial)
{
    fake_port.trial_expired = expired;
    fake_port.trial = trial;
    return fake_port.trial_result;
}

void hotreload_port_log(hotreload_log_t level, const char *format, ...)
{
    static const char letters[] = {'E', 'W', 'I'};
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    assert_null(strchr(line, '\n'));
    size_t used = strlen(fake_port.log);
    if (used + strlen(line) + 4 > sizeof fake_port.log) {
        used = 0;
    }
    snprintf(fake_port.log + used, sizeof fake_port.log - used, "%c %s\n", letters[level], line);
}

void hotreload_port_panic(const char *message)
{
    snprintf(fake_port.panic, sizeof fake_port.panic, "%s", message);
    if (panic_expected) {
        longjmp(panic_jump, 1);
    }
    fail_msg("panic: %s", message);
    abort();
}

bool fake_port_panics(void (*function)(void *argument), void *argument)
{
    fake_port.panic[0] = '\0';
    panic_expected = true;
    bool panicked = setjmp(panic_jump) != 0;
    if (!panicked) {
        function(argument);
    }
    panic_expected = false;
    return panicked;
}

/* ---- Cryptography: the linker (--wrap) leads calls of port/emulator/sha256.c through here ---- */

esp_err_t __real_hotreload_port_hash_begin(const void *key, size_t key_size,
                                           hotreload_hash_t **hash);
esp_err_t __real_hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size);
esp_err_t __real_hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t *digest);
esp_err_t __wrap_hotreload_port_hash_begin(const void *key, size_t key_size,
                                           hotreload_hash_t **hash);
esp_err_t __wrap_hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size);
esp_err_t __wrap_hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t *digest);

esp_err_t __wrap_hotreload_port_hash_begin(const void *key, size_t key_size,
                                           hotreload_hash_t **hash)
{
    *hash = NULL;
    if (!fake_port_count_allocation()) {
        return ESP_ERR_NO_MEM;
    }
    return __real_hotreload_port_hash_begin(key, key_size, hash);
}

esp_err_t __wrap_hotreload_port_hash_update(hotreload_hash_t *hash, const void *data, size_t size)
{
    if (fake_port.fail_hash_update != 0 && --fake_port.fail_hash_update == 0) {
        return ESP_FAIL;
    }
    return __real_hotreload_port_hash_update(hash, data, size);
}

esp_err_t __wrap_hotreload_port_hash_end(hotreload_hash_t *hash, uint8_t *digest)
{
    if (hash != NULL) {
        fake_port_count_free();
    }
    if (fake_port.fail_hash_end != 0 && --fake_port.fail_hash_end == 0) {
        (void)__real_hotreload_port_hash_end(hash, NULL);
        return ESP_FAIL;
    }
    return __real_hotreload_port_hash_end(hash, digest);
}

/* SPDX-License-Identifier: MIT */
#include "memory_faults.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exercises.h"
#include "port.h"
#include "store/store.h"

static unsigned countdown;
static bool fired;

void memory_faults_arm(unsigned number)
{
    countdown = number;
    fired = false;
}

bool memory_faults_fired(void)
{
    return fired;
}

unsigned memory_in_use(void)
{
    return (unsigned)mallinfo().uordblks;
}

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0) {
        return false;
    }
    fired = true;
    return true;
}

/* ---- In place of the functions that allocate ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_memalign(size_t align, size_t size);
esp_err_t __real_hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                           hotreload_region_t *region);
esp_err_t __real_hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset,
                                          size_t size, hotreload_flash_view_t *view);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_memalign(size_t align, size_t size);
esp_err_t __wrap_hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                           hotreload_region_t *region);
esp_err_t __wrap_hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset,
                                          size_t size, hotreload_flash_view_t *view);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_memalign(size_t align, size_t size)
{
    return fails() ? NULL : __real_memalign(align, size);
}

esp_err_t __wrap_hotreload_port_text_alloc(size_t size, size_t align, uint32_t caps,
                                           hotreload_region_t *region)
{
    *region = (hotreload_region_t){0};
    return fails() ? ESP_ERR_NO_MEM : __real_hotreload_port_text_alloc(size, align, caps, region);
}

esp_err_t __wrap_hotreload_port_flash_map(const hotreload_flash_t *flash, uint32_t offset,
                                          size_t size, hotreload_flash_view_t *view)
{
    *view = (hotreload_flash_view_t){0};
    bool whole = size == flash->size; /* to find the records; without it, they are read */
    return !whole && fails() ? ESP_ERR_NO_MEM
                             : __real_hotreload_port_flash_map(flash, offset, size, view);
}

/* ---- Each allocation once ---- */

typedef enum { LOAD, START, UPDATE, RELOAD, BUFFER, STOP, UNLOAD, STEPS } step_t;

static const char *const step_names[STEPS] = {
    "load", "server start", "update", "reload", "load from memory", "server stop", "unload"};

/* The module of the partition, to update with. */
static uint8_t module[32768];
static size_t module_size;

static void copy_module(const hotreload_config_t *config)
{
    hotreload_reason_t reason;
    hotreload_record_t record;
    hotreload_flash_view_t view;
    ESP_ERROR_CHECK(hotreload_store_open(config->partition_label, &reason));
    ESP_ERROR_CHECK(hotreload_store_find(HOTRELOAD_RECORD_ANY, NULL, &record, &reason));
    ESP_ERROR_CHECK(hotreload_store_map(&record, &view, &reason));
    ESP_ERROR_CHECK(view.size <= sizeof module ? ESP_OK : ESP_ERR_INVALID_SIZE);
    memcpy(module, view.data, view.size);
    module_size = view.size;
    hotreload_store_unmap(&view);
}

static esp_err_t do_step(step_t step, const hotreload_config_t *config,
                         const hotreload_server_config_t *server)
{
    switch (step) {
    case LOAD:
        return hotreload_load(config);
    case START:
        return hotreload_server_start(server);
    case UPDATE:
        return hotreload_update_partition(config->partition_label, module, module_size);
    case RELOAD:
        return hotreload_reload(config);
    case BUFFER:
        return hotreload_load_from_buffer(module, module_size);
    case STOP:
        return hotreload_server_stop();
    default:
        return hotreload_unload();
    }
}

/** @return whether an allocation failed: then the step is done once more, and succeeds */
static bool do_round(const hotreload_config_t *config, const hotreload_server_config_t *server)
{
    bool any = false;
    for (step_t step = LOAD; step < STEPS; step++) {
        esp_err_t error = do_step(step, config, server);
        if (memory_faults_fired() && !any) {
            any = true;
            int version = step == LOAD && error != ESP_OK ? 0 : exercise_marker();
            printf("failing allocation: %s, %s, version %d\n", step_names[step],
                   esp_err_to_name(error), version);
            error = error == ESP_OK ? ESP_OK : do_step(step, config, server);
        }
        ESP_ERROR_CHECK(error);
    }
    return any;
}

void memory_faults_all(const hotreload_config_t *config, const hotreload_server_config_t *server)
{
    copy_module(config);
    do_round(config, server);
    printf("heap before: %u\n", memory_in_use());
    unsigned number = 1;
    for (memory_faults_arm(number); do_round(config, server); memory_faults_arm(number)) {
        printf("heap after: %u\n", memory_in_use());
        number++;
    }
    memory_faults_arm(0);
    printf("each of %u allocations failed\n", number - 1);
}

/*
 * Memory of modules, once per chip and version of ESP-IDF whose files differ.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "chip.h"
#include "esp_heap_caps.h"
#include "fakes/fake_heap.h"
#include "fakes/fake_log.h"
#include "hotreload.h"
#include "chip/chip.h"
#include "chip/psram.h"
#include "port.h"

static const hotreload_region_t none;

static int setup(void **test)
{
    fake_heap_reset();
    fake_log[0] = '\0';
    return 0;
}

static int teardown(void **test)
{
    fake_heap_expect_empty();
    return 0;
}

static void fill(const hotreload_region_t *text)
{
    for (size_t offset = 0; offset < text->size; offset += 4) {
        hotreload_port_text_write(text, offset, 0xc0de0000u + (uint32_t)offset);
    }
}

/** What the chip would execute. */
static void expect_filled(const hotreload_region_t *text)
{
    for (size_t offset = 0; offset < text->size; offset += 4) {
        uint32_t fetched = *(const uint32_t *)(uintptr_t)(text->run + offset);
        assert_int_equal(fetched, 0xc0de0000u + offset);
        assert_int_equal(hotreload_port_text_read(text, offset), fetched);
    }
}

static void text_is_written_where_the_instruction_bus_sees_it(void **test)
{
    for (size_t align = 4; align <= 1024; align *= 2) {
        hotreload_region_t text;
        assert_int_equal(hotreload_port_text_alloc(300, align, MALLOC_CAP_INTERNAL, &text), ESP_OK);
        assert_int_equal(text.run % align, 0);
        assert_int_equal(text.size, 300);
        assert_int_equal(text.run - (uint32_t)(uintptr_t)text.write,
                         CHIP_CODE_ALIAS - CHIP_CODE_HEAP);
        fill(&text);
        assert_int_equal(hotreload_port_sync(&text, &none), ESP_OK);
        expect_filled(&text);
        hotreload_port_text_free(&text);
        assert_null(text.write);
        assert_int_equal(text.run, 0);
        assert_int_equal(fake_heap.live, 0);
    }
}

static void two_texts_do_not_share_a_byte(void **test)
{
    hotreload_region_t old, new;
    assert_int_equal(hotreload_port_text_alloc(100, 16, MALLOC_CAP_INTERNAL, &old), ESP_OK);
    assert_int_equal(hotreload_port_text_alloc(100, 16, MALLOC_CAP_INTERNAL, &new), ESP_OK);
    fill(&old);
    fill(&new);
    assert_int_equal(hotreload_port_sync(&new, &none), ESP_OK);
    hotreload_port_text_free(&old);
    expect_filled(&new);
    hotreload_port_text_free(&new);
}

static void internal_memory_is_synchronised_where_it_has_a_cache(void **test)
{
    hotreload_region_t text;
    assert_int_equal(hotreload_port_text_alloc(300, 4, MALLOC_CAP_INTERNAL, &text), ESP_OK);
    assert_int_equal(hotreload_port_sync(&text, &none), ESP_OK);
#ifdef SOC_CACHE_INTERNAL_MEM_VIA_L1CACHE
    assert_int_equal(fake_heap.cache_operations, 2);
#else
    assert_int_equal(fake_heap.cache_operations, 0);
#endif
    assert_int_equal(fake_heap.fences, 1);
    hotreload_port_text_free(&text);
}

static void capabilities_that_text_cannot_have_are_left_out(void **test)
{
    hotreload_region_t text;
    uint32_t asked = MALLOC_CAP_8BIT | MALLOC_CAP_DMA | MALLOC_CAP_DEFAULT | MALLOC_CAP_INTERNAL;
    assert_int_equal(hotreload_port_text_alloc(64, 4, asked, &text), ESP_OK);
    assert_int_equal(fake_heap.last_caps, MALLOC_CAP_EXEC | MALLOC_CAP_32BIT | MALLOC_CAP_INTERNAL);
    hotreload_port_text_free(&text);
}

static void data_is_byte_addressable_and_aligned(void **test)
{
    const uint32_t asked[] = {MALLOC_CAP_INTERNAL, MALLOC_CAP_EXEC | MALLOC_CAP_INTERNAL};
    for (size_t i = 0; i < COUNT(asked); i++) {
        hotreload_region_t data;
        assert_int_equal(hotreload_port_data_alloc(52, 64, asked[i], &data), ESP_OK);
        assert_int_equal(fake_heap.last_caps, MALLOC_CAP_8BIT | MALLOC_CAP_INTERNAL);
        assert_int_equal(data.run % 64, 0);
        assert_int_equal(data.run, (uint32_t)(uintptr_t)data.write);
        memset(data.write, 0x5a, data.size);
        assert_int_equal(hotreload_port_sync(&none, &data), ESP_OK);
        hotreload_port_data_free(&data);
        assert_null(data.write);
    }
}

static void no_memory_is_an_error_and_leaves_nothing(void **test)
{
    const size_t sizes[] = {0x10000, 0xfffffffc, SIZE_MAX - 3};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        hotreload_region_t region = {.run = 1, .write = &region, .size = 1};
        assert_int_equal(hotreload_port_text_alloc(sizes[i], 16, MALLOC_CAP_INTERNAL, &region),
                         ESP_ERR_NO_MEM);
        assert_memory_equal(&region, &none, sizeof none);
        region.run = 1;
        assert_int_equal(hotreload_port_data_alloc(sizes[i], 16, MALLOC_CAP_INTERNAL, &region),
                         ESP_ERR_NO_MEM);
        assert_memory_equal(&region, &none, sizeof none);
    }
}

/** A restart does not clear the memory, but the cache, it does. */
static void data_is_written_back_where_internal_memory_has_a_cache(void **test)
{
    hotreload_region_t data;
    assert_int_equal(hotreload_port_data_alloc(64, 4, MALLOC_CAP_INTERNAL, &data), ESP_OK);
    hotreload_cache_write_back((uint8_t *)data.write + 4, 8);
#ifdef SOC_CACHE_INTERNAL_MEM_VIA_L1CACHE
    assert_int_equal(fake_heap.cache_operations, 1);
#else
    assert_int_equal(fake_heap.cache_operations, 0);
#endif
    hotreload_port_data_free(&data);
}

static void a_buffer_is_had_from_whichever_heap_has_room(void **test)
{
    uint8_t *buffer = hotreload_port_buffer_alloc(777);
    assert_non_null(buffer);
    memset(buffer, 0x5a, 777);
    assert_int_equal(fake_heap.live, 1);
    hotreload_port_buffer_free(buffer, 777);
    assert_null(hotreload_port_buffer_alloc(64u * 1024 * 1024));
}

static void freeing_nothing_is_allowed(void **test)
{
    hotreload_region_t region = {0};
    hotreload_port_text_free(&region);
    hotreload_port_data_free(&region);
    assert_int_equal(hotreload_port_sync(&none, &none), ESP_OK);
    assert_int_equal(fake_heap.cache_operations, 0);
}

/* ---- PSRAM ---- */

static bool is_in_psram(uint32_t address, uint32_t start)
{
    return start != 0 && address - start < 0x100000u;
}

static void text_in_psram_runs_or_is_refused_with_the_reason(void **test)
{
    hotreload_region_t text, data;
    esp_err_t error = hotreload_port_text_alloc(300, 16, HOTRELOAD_CAP_SPIRAM, &text);
    if (!TEXT_RUNS_FROM_PSRAM) {
        assert_int_equal(error, ESP_ERR_NOT_SUPPORTED);
        assert_memory_equal(&text, &none, sizeof none);
        assert_non_null(strstr(fake_log, "cannot execute from PSRAM"));
        return;
    }
    assert_int_equal(error, ESP_OK);
    assert_true(is_in_psram((uint32_t)(uintptr_t)text.write, CHIP_PSRAM_DATA));
    assert_true(is_in_psram(text.run, CHIP_PSRAM_CODE));
    assert_int_equal(hotreload_port_data_alloc(300, 4, HOTRELOAD_CAP_SPIRAM, &data), ESP_OK);
    assert_true(is_in_psram(data.run, CHIP_PSRAM_DATA));
    fill(&text);
    assert_int_equal(hotreload_port_sync(&text, &data), ESP_OK);
    assert_int_equal(fake_heap.cache_operations, 2);
    assert_int_equal(fake_heap.fences, 1);
    expect_filled(&text);
    hotreload_port_data_free(&data);
    hotreload_port_text_free(&text);
}

static void a_reload_in_psram_keeps_the_old_text_until_it_is_freed(void **test)
{
    if (!TEXT_RUNS_FROM_PSRAM) {
        skip();
    }
    hotreload_region_t old, new;
    assert_int_equal(hotreload_port_text_alloc(70000, 4, HOTRELOAD_CAP_SPIRAM, &old), ESP_OK);
    fill(&old);
    assert_int_equal(hotreload_port_sync(&old, &none), ESP_OK);
    assert_int_equal(hotreload_port_text_alloc(200, 4, HOTRELOAD_CAP_SPIRAM, &new), ESP_OK);
    fill(&new);
    assert_int_equal(hotreload_port_sync(&new, &none), ESP_OK);
    expect_filled(&old);
    hotreload_port_text_free(&old);
    expect_filled(&new);
    hotreload_port_text_free(&new);
}

static void without_psram_the_option_is_named(void **test)
{
    fake_heap.psram = false;
    hotreload_region_t text;
    assert_int_equal(hotreload_port_text_alloc(64, 4, HOTRELOAD_CAP_SPIRAM, &text),
                     ESP_ERR_NOT_SUPPORTED);
    assert_memory_equal(&text, &none, sizeof none);
    if (TEXT_RUNS_FROM_PSRAM) {
        assert_non_null(strstr(fake_log, "CONFIG_SPIRAM=y"));
    }
}

static void psram_that_is_full_or_cannot_be_mapped_leaves_nothing(void **test)
{
    if (!TEXT_RUNS_FROM_PSRAM) {
        skip();
    }
    hotreload_region_t text;
    assert_int_equal(hotreload_port_text_alloc(0x200000, 4, HOTRELOAD_CAP_SPIRAM, &text),
                     ESP_ERR_NO_MEM);
    assert_int_equal(hotreload_port_text_alloc(SIZE_MAX - 3, 4, HOTRELOAD_CAP_SPIRAM, &text),
                     ESP_ERR_NO_MEM);
    fake_heap.map_error = ESP_ERR_NOT_FOUND;
    esp_err_t error = hotreload_port_text_alloc(64, 4, HOTRELOAD_CAP_SPIRAM, &text);
    if (FAKE_PSRAM_BY_MMU) {
        assert_int_equal(error, ESP_ERR_NO_MEM);
        assert_memory_equal(&text, &none, sizeof none);
        assert_non_null(strstr(fake_log, "could not be mapped"));
    } else {
        assert_int_equal(error, ESP_OK);
        hotreload_port_text_free(&text);
    }
}

static void an_address_that_is_not_mapped_is_reported(void **test)
{
#if TEXT_RUNS_FROM_PSRAM
    hotreload_psram_unmap(CHIP_PSRAM_CODE);
    assert_int_equal(strstr(fake_log, "could not be unmapped") != NULL, FAKE_PSRAM_BY_MMU);
#else
    skip();
#endif
}

static void a_cache_that_fails_is_reported(void **test)
{
    if (!TEXT_RUNS_FROM_PSRAM) {
        skip();
    }
    hotreload_region_t text;
    assert_int_equal(hotreload_port_text_alloc(64, 4, HOTRELOAD_CAP_SPIRAM, &text), ESP_OK);
    fake_heap.cache_error = ESP_FAIL;
    assert_int_not_equal(hotreload_port_sync(&text, &none), ESP_OK);
    hotreload_port_text_free(&text);
}

/* ---- Cores ---- */

static hotreload_region_t fenced;

/** A fence before the caches agree would let a core fetch what was there before. */
static void expect_fenced_is_filled(void)
{
    expect_filled(&fenced);
}

static void every_core_fences_after_the_caches(void **test)
{
    const uint32_t caps = TEXT_RUNS_FROM_PSRAM ? HOTRELOAD_CAP_SPIRAM : MALLOC_CAP_INTERNAL;
    assert_int_equal(hotreload_port_text_alloc(300, 16, caps, &fenced), ESP_OK);
    fill(&fenced);
    fake_heap.on_fence = expect_fenced_is_filled;
    assert_int_equal(hotreload_port_sync(&fenced, &none), ESP_OK);
    fake_heap.on_fence = NULL;
    assert_int_equal(fake_heap.fences, 1);
    assert_int_equal(fake_heap.other_fences, CORES - 1);
    hotreload_port_text_free(&fenced);
}

/** A constructor of C++ may load a module; the other core does not answer then. */
static void before_the_scheduler_nobody_waits_for_the_other_core(void **test)
{
    fake_heap.scheduler_not_started = true;
    assert_int_equal(hotreload_port_sync(&none, &none), ESP_OK);
    assert_int_equal(fake_heap.fences, 1);
    assert_int_equal(fake_heap.other_fences, 0);
}

/* ---- CONFIG_HOTRELOAD_PREFER_SPIRAM ---- */

static void memory_of_the_ports_choice_is_psram_while_there_is_room(void **test)
{
    bool preferred = PREFERS_PSRAM;
    bool runs_there = preferred && TEXT_RUNS_FROM_PSRAM;
    hotreload_region_t text, data;
    assert_int_equal(hotreload_port_text_alloc(64, 4, 0, &text), ESP_OK);
    assert_int_equal(hotreload_port_data_alloc(64, 4, 0, &data), ESP_OK);
    assert_int_equal(runs_there, is_in_psram(text.run, CHIP_PSRAM_CODE));
    assert_int_equal(preferred, is_in_psram(data.run, CHIP_PSRAM_DATA));
    assert_string_equal(fake_log, "");
    hotreload_port_text_free(&text);
    hotreload_port_data_free(&data);

    fake_heap.fail_allocation = runs_there ? 1 : 0;
    assert_int_equal(hotreload_port_text_alloc(64, 4, 0, &text), ESP_OK);
    fake_heap.fail_allocation = preferred ? 1 : 0;
    assert_int_equal(hotreload_port_data_alloc(64, 4, 0, &data), ESP_OK);
    assert_in_range(text.run, CHIP_CODE_ALIAS, CHIP_CODE_ALIAS + 0x7fff);
    assert_in_range(data.run, CHIP_DATA_HEAP, CHIP_DATA_HEAP + 0x7fff);
    hotreload_port_text_free(&text);
    hotreload_port_data_free(&data);
}

static void room_is_the_largest_free_block_of_each_kind(void **test)
{
    uint32_t text_room = hotreload_port_text_room(), data_room = hotreload_port_data_room();
    hotreload_region_t text, data;
    assert_int_equal(hotreload_port_text_alloc(text_room + 1, 4, MALLOC_CAP_INTERNAL, &text),
                     ESP_ERR_NO_MEM);
    assert_int_equal(hotreload_port_data_alloc(data_room + 1, 4, MALLOC_CAP_INTERNAL, &data),
                     ESP_ERR_NO_MEM);
    assert_int_equal(hotreload_port_text_alloc(text_room / 2, 4, MALLOC_CAP_INTERNAL, &text),
                     ESP_OK);
    assert_true(hotreload_port_text_room() < text_room);
    hotreload_port_text_free(&text);
    assert_int_equal(hotreload_port_data_alloc(data_room, 4, MALLOC_CAP_INTERNAL, &data), ESP_OK);
    assert_true(hotreload_port_data_room() < data_room);
    hotreload_port_data_free(&data);
    assert_int_equal(hotreload_port_text_room(), text_room);
    assert_int_equal(hotreload_port_data_room(), data_room);
}

/* ---- Execution, where the host can execute what is written by words ---- */

static void a_constructor_is_called_at_its_run_address(void **test)
{
#ifdef __x86_64__
    hotreload_region_t text, data;
    assert_int_equal(hotreload_port_text_alloc(12, 4, MALLOC_CAP_INTERNAL, &text), ESP_OK);
    assert_int_equal(hotreload_port_data_alloc(4, 4, MALLOC_CAP_INTERNAL, &data), ESP_OK);
    /* mov dword [data.run], 42; ret */
    hotreload_port_text_write(&text, 0, 0x002504c7u | data.run << 24);
    hotreload_port_text_write(&text, 4, data.run >> 8 | 42u << 24);
    hotreload_port_text_write(&text, 8, 0xc3000000u);
    assert_int_equal(hotreload_port_sync(&text, &data), ESP_OK);
    hotreload_port_call(text.run);
    assert_int_equal(*(const uint32_t *)data.write, 42);
    hotreload_port_text_free(&text);
    hotreload_port_data_free(&data);
#else
    skip();
#endif
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(text_is_written_where_the_instruction_bus_sees_it),
        TEST(two_texts_do_not_share_a_byte),
        TEST(data_is_written_back_where_internal_memory_has_a_cache),
        TEST(internal_memory_is_synchronised_where_it_has_a_cache),
        TEST(capabilities_that_text_cannot_have_are_left_out),
        TEST(data_is_byte_addressable_and_aligned),
        TEST(no_memory_is_an_error_and_leaves_nothing),
        TEST(a_buffer_is_had_from_whichever_heap_has_room),
        TEST(freeing_nothing_is_allowed),
        TEST(text_in_psram_runs_or_is_refused_with_the_reason),
        TEST(a_reload_in_psram_keeps_the_old_text_until_it_is_freed),
        TEST(without_psram_the_option_is_named),
        TEST(psram_that_is_full_or_cannot_be_mapped_leaves_nothing),
        TEST(an_address_that_is_not_mapped_is_reported),
        TEST(a_cache_that_fails_is_reported),
        TEST(every_core_fences_after_the_caches),
        TEST(before_the_scheduler_nobody_waits_for_the_other_core),
        TEST(memory_of_the_ports_choice_is_psram_while_there_is_room),
        TEST(room_is_the_largest_free_block_of_each_kind),
        TEST(a_constructor_is_called_at_its_run_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

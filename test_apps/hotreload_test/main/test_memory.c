/* Where modules are, what they cost, and that they give it back. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "esp_heap_caps.h"
#include "esp_memory_utils.h"
#include "loader/loader.h"
#include "sdkconfig.h"
#include "run/status.h"
#include "subject.h"
#include "test_support.h"
#include "unity.h"

/** Beside text and data: two blocks of the heap, alignment, and the poisoning around blocks. */
#define MOST_OVERHEAD 256

static size_t free_bytes(void)
{
    return heap_caps_get_free_size(MALLOC_CAP_INTERNAL | MALLOC_CAP_32BIT);
}

TEST_CASE("text is executable, data is byte-addressable", "[memory]")
{
    load();
    hotreload_status_t status;
    hotreload_status_get(&status);
    TEST_ASSERT_TRUE(esp_ptr_executable((void *)(uintptr_t)status.text_run));
    TEST_ASSERT_TRUE(esp_ptr_byte_accessible((void *)(uintptr_t)status.data_run));
    const uint8_t *variable = subject_variable();
    TEST_ASSERT_TRUE(variable >= (uint8_t *)(uintptr_t)status.data_run &&
                     variable < (uint8_t *)(uintptr_t)(status.data_run + status.data_size));
}

TEST_CASE("a module costs its sections and little more", "[memory]")
{
    load(); /* what is only allocated once is there after this */
    EXPECT(ESP_OK, hotreload_unload());
    size_t before = free_bytes();
    load();
    size_t used = before - free_bytes();
    hotreload_status_t status;
    hotreload_status_get(&status);
    size_t sections = status.text_size + status.data_size;
    printf("text %u, data %u bytes; heap used %u bytes\n", (unsigned)status.text_size,
           (unsigned)status.data_size, (unsigned)used);
    TEST_ASSERT_LESS_OR_EQUAL(sections + MOST_OVERHEAD, used);
}

TEST_CASE("a hundred reloads leave the heap as it was", "[memory]")
{
    load(); /* what is only allocated once is there after this */
    EXPECT(ESP_OK, hotreload_unload());
    heap_use_t before = heap_use();
    load();
    for (int i = 0; i < 100; i++) {
        reload();
    }
    EXPECT(ESP_OK, hotreload_unload());
    expect_heap(before);
    TEST_ASSERT_TRUE(heap_caps_check_integrity_all(true));
}

TEST_CASE("a refused module leaves the heap as it was", "[memory]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    module[size / 2] ^= 0xff;
    (void)hotreload_load_from_buffer(module, size / 2);
    heap_use_t before = heap_use();
    for (int i = 0; i < 100; i++) {
        TEST_ASSERT_NOT_EQUAL(ESP_OK, hotreload_load_from_buffer(module, size / 2));
    }
    expect_heap(before);
    free(module);
}

TEST_CASE("PSRAM, or a clear refusal", "[memory]")
{
    hotreload_config_t config = HOTRELOAD_CONFIG_SPIRAM();
    esp_err_t error = hotreload_load(&config);
    if (error == ESP_ERR_NOT_SUPPORTED) {
        printf("this chip or configuration has no executable PSRAM\n");
        load();
    } else {
        EXPECT(ESP_OK, error);
        TEST_ASSERT_TRUE(esp_ptr_external_ram(subject_variable()));
    }
    TEST_ASSERT_EQUAL(0, subject_count());
}

/* Modules that must be refused, while the old one goes on. SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "subject.h"
#include "test_support.h"
#include "unity.h"

#define ELF_MACHINE 18 /* offset of e_machine */

/** Loads from memory; must fail, and leave the old module with its data. */
static void refuse(esp_err_t expected, const void *data, size_t size)
{
    int count = subject_count();
    EXPECT(expected, hotreload_load_from_buffer(data, size));
    TEST_ASSERT_EQUAL(count + 1, subject_count());
}

TEST_CASE("a module from memory, at any alignment", "[buffer]")
{
    size_t size;
    uint8_t *module = copy_module(&size);
    uint8_t *unaligned = malloc(size + 1);
    memcpy(unaligned + 1, module, size);
    EXPECT(ESP_OK, hotreload_load_from_buffer(module, size));
    TEST_ASSERT_EQUAL(0, subject_count());
    EXPECT(ESP_OK, hotreload_load_from_buffer(unaligned + 1, size));
    TEST_ASSERT_EQUAL(0, subject_count());
    free(unaligned);
    free(module);
    TEST_ASSERT_EQUAL_STRING("one", subject_name(1)); /* needs neither copy any more */
}

TEST_CASE("no module at all", "[refuse]")
{
    load();
    refuse(ESP_ERR_INVALID_ARG, NULL, 100);
    refuse(ESP_ERR_INVALID_SIZE, "", 0);
    static const char text[256] = "this is not an ELF file";
    refuse(ESP_ERR_INVALID_RESPONSE, text, sizeof text);
}

TEST_CASE("a module cut short anywhere", "[refuse]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    for (size_t length = 1; length < size; length += 7) {
        int count = subject_count();
        TEST_ASSERT_NOT_EQUAL(ESP_OK, hotreload_load_from_buffer(module, length));
        TEST_ASSERT_EQUAL(count + 1, subject_count());
    }
    free(module);
}

TEST_CASE("a module for another processor", "[refuse]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    module[ELF_MACHINE] ^= 0x80;
    int count = subject_count();
    TEST_ASSERT_NOT_EQUAL(ESP_OK, hotreload_load_from_buffer(module, size));
    TEST_ASSERT_EQUAL(count + 1, subject_count());
    free(module);
}

/** Finds bytes in bytes. */
static uint8_t *find(uint8_t *bytes, size_t size, const void *part, size_t part_size)
{
    for (size_t at = 0; at + part_size <= size; at++) {
        if (memcmp(bytes + at, part, part_size) == 0) {
            return bytes + at;
        }
    }
    return NULL;
}

TEST_CASE("a module of another firmware", "[refuse]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    size_t id_size;
    const uint8_t *id = hotreload_port_firmware_id(&id_size);
    uint8_t *noted = find(module, size, id, id_size);
    TEST_ASSERT_NOT_NULL(noted);
    noted[id_size - 1] ^= 1;
    refuse(ESP_ERR_INVALID_VERSION, module, size);
    free(module);
}

TEST_CASE("a module that lacks an export", "[refuse]")
{
    load();
    size_t size;
    uint8_t *module = copy_module(&size);
    static const char name[] = "subject_twice";
    uint8_t *noted = find(module, size, name, sizeof name);
    TEST_ASSERT_NOT_NULL(noted);
    noted[sizeof name - 2] = 'f'; /* still sorted */
    refuse(ESP_ERR_NOT_FOUND, module, size);
    free(module);
}

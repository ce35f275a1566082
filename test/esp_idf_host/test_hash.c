/*
 * SHA-256 and HMAC-SHA256 against published vectors, once with each API of the real Mbed TLS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "port.h"

/** The linker (--wrap) leads the port's allocations through here. */
static bool out_of_memory;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return out_of_memory ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return out_of_memory ? NULL : __real_calloc(count, size);
}

static void hex(const uint8_t digest[HOTRELOAD_HASH_SIZE], char text[2 * HOTRELOAD_HASH_SIZE + 1])
{
    for (size_t i = 0; i < HOTRELOAD_HASH_SIZE; i++) {
        sprintf(text + 2 * i, "%02x", digest[i]);
    }
}

/** Feeds the data in pieces of `step` bytes. */
static void expect(const void *key, size_t key_size, const char *data, size_t step,
                   const char *expected)
{
    hotreload_hash_t *hash;
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    char text[2 * HOTRELOAD_HASH_SIZE + 1];
    assert_int_equal(hotreload_port_hash_begin(key, key_size, &hash), ESP_OK);
    size_t size = strlen(data);
    for (size_t done = 0; done < size; done += step) {
        size_t piece = size - done < step ? size - done : step;
        assert_int_equal(hotreload_port_hash_update(hash, data + done, piece), ESP_OK);
    }
    assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
    hex(digest, text);
    assert_string_equal(text, expected);
}

static void sha256_of_fips_180(void **test)
{
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    for (size_t step = 1; step <= 64; step++) {
        expect(NULL, 0, "abc", step,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        expect(NULL, 0, two_blocks, step,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    }
    expect(NULL, 0, "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_of_rfc_4231(void **test)
{
    uint8_t key[20];
    memset(key, 0x0b, sizeof key);
    for (size_t step = 1; step <= 8; step++) {
        expect(key, sizeof key, "Hi There", step,
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
    expect("Jefe", 4, "what do ya want for nothing?", 7,
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    expect(long_key, sizeof long_key, "Test Using Larger Than Block-Size Key - Hash Key First", 64,
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void two_can_run_at_the_same_time(void **test)
{
    hotreload_hash_t *hash, *mac;
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    char text[2 * HOTRELOAD_HASH_SIZE + 1];
    assert_int_equal(hotreload_port_hash_begin(NULL, 0, &hash), ESP_OK);
    assert_int_equal(hotreload_port_hash_begin("Jefe", 4, &mac), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(hash, "ab", 2), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(mac, "what do ya want ", 16), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(hash, "c", 1), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(mac, "for nothing?", 12), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
    hex(digest, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hotreload_port_hash_end(mac, digest), ESP_OK);
    hex(digest, text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/** The leak sanitizer sees what is left. More rounds than PSA has slots for keys. */
static void an_abandoned_hash_leaves_nothing(void **test)
{
    for (int round = 0; round < 100; round++) {
        hotreload_hash_t *hash, *mac;
        assert_int_equal(hotreload_port_hash_begin(NULL, 0, &hash), ESP_OK);
        assert_int_equal(hotreload_port_hash_begin("key", 3, &mac), ESP_OK);
        assert_int_equal(hotreload_port_hash_update(mac, "x", 1), ESP_OK);
        assert_int_equal(hotreload_port_hash_end(hash, NULL), ESP_OK);
        assert_int_equal(hotreload_port_hash_end(mac, NULL), ESP_OK);
    }
    assert_int_equal(hotreload_port_hash_end(NULL, NULL), ESP_OK);
}

static void without_memory_there_is_no_hash(void **test)
{
    hotreload_hash_t *hash = (hotreload_hash_t *)1;
    out_of_memory = true;
    esp_err_t error = hotreload_port_hash_begin("key", 3, &hash);
    out_of_memory = false;
    assert_int_equal(error, ESP_ERR_NO_MEM);
    assert_null(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_fips_180),
        cmocka_unit_test(hmac_of_rfc_4231),
        cmocka_unit_test(two_can_run_at_the_same_time),
        cmocka_unit_test(an_abandoned_hash_leaves_nothing),
        cmocka_unit_test(without_memory_there_is_no_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

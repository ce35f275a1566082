/*
 * SHA-256 against NIST's examples, HMAC-SHA256 against RFC 4231.
 *
 * SPDX-License-Identifier: MIT
 */
#include "testing.h"
#include "fake_port.h"
#include "sha256.h"

static void expect_digest(const uint8_t digest[SHA256_DIGEST_SIZE], const char *hex)
{
    char text[2 * SHA256_DIGEST_SIZE + 1];
    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    assert_string_equal(text, hex);
}

static const struct {
    const char *message;
    const char *digest;
} nist[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void hashes_the_nist_examples(void **state)
{
    for (size_t i = 0; i < COUNT(nist); i++) {
        sha256_t hash;
        uint8_t digest[SHA256_DIGEST_SIZE];
        sha256_begin(&hash);
        sha256_update(&hash, nist[i].message, strlen(nist[i].message));
        sha256_end(&hash, digest);
        expect_digest(digest, nist[i].digest);
    }
}

static void hashes_a_million_letters(void **state)
{
    char letters[1000];
    sha256_t hash;
    uint8_t digest[SHA256_DIGEST_SIZE];
    memset(letters, 'a', sizeof letters);
    sha256_begin(&hash);
    for (size_t i = 0; i < 1000; i++) {
        sha256_update(&hash, letters, sizeof letters);
    }
    sha256_end(&hash, digest);
    expect_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/** Digests of messages around the block's size, computed once by coreutils' sha256sum. */
static const struct {
    size_t size;
    const char *digest;
} lengths[] = {
    {1, "084fed08b978af4d7d196a7446a86b58009e636b611db16211b65a9aadff29c5"},
    {55, "e7313d333c272e639f790978283f9eb392e843d0f29b7016828bb1daa4aac70b"},
    {56, "4324d65f3c103567f5589c710bc08f8523f929a9272e3af36fc968e52abc6c27"},
    {57, "35df609437dcfea3279283ab79fd554e2bf78f8f7ae2de532d8ee300b09e8f73"},
    {63, "81c80242132f230c3bd41b3e63bbcff16107339549214a99614ff26664625055"},
    {64, "39e3d7b6b5d075d37d053ad89b24b41bef4f3c29760c84447cab3f3be1882241"},
    {65, "aacca6ff74fdbb296d165a45cecfa04e5127bc008770fbbdd48006f2d2fae95e"},
    {119, "9ce7368e4daf32341631b492e80359dc9f594b48453cd0dd5bf0b19279cc177e"},
    {120, "7836b787757e95e58b3ca5aec90b1b004e8deba1e50e9675af9cabf1a13a04b5"},
    {128, "d2742f1f4ac6bb7ca2b239ee18402ba8b3f9f8e652d2a72973c2b9ba11c08cf6"},
    {150, "c695ceb0b71f85051f19f35d77dcf44ed433c9db49f46d7858a599f6186af365"},
};

/** Byte i of these messages is i * 7 + 3. The allocation is exact: ASan sees a read beyond it. */
static uint8_t *message(size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + 3);
    }
    return bytes;
}

static void pads_every_length_around_a_block(void **state)
{
    for (size_t i = 0; i < COUNT(lengths); i++) {
        uint8_t *bytes = message(lengths[i].size);
        sha256_t hash;
        uint8_t digest[SHA256_DIGEST_SIZE];
        sha256_begin(&hash);
        sha256_update(&hash, bytes, lengths[i].size);
        sha256_end(&hash, digest);
        expect_digest(digest, lengths[i].digest);
        free(bytes);
    }
}

static void every_split_gives_the_same_digest(void **state)
{
    const size_t size = lengths[COUNT(lengths) - 1].size;
    const char *expected = lengths[COUNT(lengths) - 1].digest;
    uint8_t *bytes = message(size);
    for (size_t first = 0; first <= size; first++) {
        for (size_t second = first; second <= size; second++) {
            sha256_t hash;
            uint8_t digest[SHA256_DIGEST_SIZE];
            sha256_begin(&hash);
            sha256_update(&hash, bytes, first);
            sha256_update(&hash, bytes + first, second - first);
            sha256_update(&hash, bytes + second, size - second);
            sha256_end(&hash, digest);
            expect_digest(digest, expected);
        }
    }
    free(bytes);
}

/** A key or a message of RFC 4231: a text, or `count` bytes that count up from `fill` by `step`. */
typedef struct {
    const char *text;
    size_t count;
    uint8_t fill, step;
} rfc_bytes_t;

static const struct {
    rfc_bytes_t key, data;
    const char *digest;
} rfc4231[] = {
    {{NULL, 20, 0x0b, 0},
     {"Hi There", 0, 0, 0},
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {{"Jefe", 0, 0, 0},
     {"what do ya want for nothing?", 0, 0, 0},
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {{NULL, 20, 0xaa, 0},
     {NULL, 50, 0xdd, 0},
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {{NULL, 25, 0x01, 1},
     {NULL, 50, 0xcd, 0},
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {{NULL, 131, 0xaa, 0},
     {"Test Using Larger Than Block-Size Key - Hash Key First", 0, 0, 0},
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {{NULL, 131, 0xaa, 0},
     {"This is a test using a larger than block-size key and a larger than block-size data. The "
      "key needs to be hashed before being used by the HMAC algorithm.",
      0, 0, 0},
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static size_t expand_bytes(const rfc_bytes_t *from, uint8_t bytes[256])
{
    if (from->text != NULL) {
        memcpy(bytes, from->text, strlen(from->text));
        return strlen(from->text);
    }
    for (size_t i = 0; i < from->count; i++) {
        bytes[i] = (uint8_t)(from->fill + i * from->step);
    }
    return from->count;
}

static void authenticates_the_rfc_4231_examples(void **state)
{
    for (size_t i = 0; i < COUNT(rfc4231); i++) {
        uint8_t key[256], data[256], digest[HOTRELOAD_HASH_SIZE];
        size_t key_size = expand_bytes(&rfc4231[i].key, key);
        size_t data_size = expand_bytes(&rfc4231[i].data, data);
        for (size_t split = 0; split <= data_size; split++) {
            hotreload_hash_t *hash;
            assert_int_equal(hotreload_port_hash_begin(key, key_size, &hash), ESP_OK);
            assert_int_equal(hotreload_port_hash_update(hash, data, split), ESP_OK);
            assert_int_equal(hotreload_port_hash_update(hash, data + split, data_size - split),
                             ESP_OK);
            assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
            expect_digest(digest, rfc4231[i].digest);
        }
    }
    fake_port_expect_idle();
}

static void hashes_without_a_key(void **state)
{
    hotreload_hash_t *hash;
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    assert_int_equal(hotreload_port_hash_begin(NULL, 0, &hash), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(hash, "abc", 3), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
    expect_digest(digest, nist[1].digest);
}

static void ends_without_a_digest_and_without_a_hash(void **state)
{
    hotreload_hash_t *hash;
    assert_int_equal(hotreload_port_hash_begin("key", 3, &hash), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(hash, NULL), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(NULL, NULL), ESP_OK);
    fake_port_expect_idle();
}

static int set_up(void **state)
{
    fake_port_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hashes_the_nist_examples, set_up),
        cmocka_unit_test_setup(hashes_a_million_letters, set_up),
        cmocka_unit_test_setup(pads_every_length_around_a_block, set_up),
        cmocka_unit_test_setup(every_split_gives_the_same_digest, set_up),
        cmocka_unit_test_setup(authenticates_the_rfc_4231_examples, set_up),
        cmocka_unit_test_setup(hashes_without_a_key, set_up),
        cmocka_unit_test_setup(ends_without_a_digest_and_without_a_hash, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

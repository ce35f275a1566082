/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "testing.h"
#include "fake_port.h" /* what module_builder.c builds for; its functions are not linked */
#include "fakes/fake_heap.h"
#include "fakes/fake_log.h"
#include "fakes/fake_partition.h"
#include "port.h"
#include "receive/auth.h"
#include "receive/requests.h"
#include "store/store.h"
#include "store_reset.h"

fake_port_t fake_port;

const hotreload_server_config_t server_config = HOTRELOAD_SERVER_CONFIG_DEFAULT();

const hotreload_arch_t *hotreload_port_arch(void)
{
    return ARCH_OF_CHIP;
}

void device_reset(void)
{
    fake_heap_reset();
    fake_partition_reset();
    fake_log[0] = '\0';
    fake_port.arch = hotreload_port_arch();
    fake_port.chip = hotreload_port_chip();
    fake_port.abi = hotreload_port_abi();
    const uint8_t *id = hotreload_port_firmware_id(&fake_port.firmware_id_size);
    memcpy(fake_port.firmware_id, id, fake_port.firmware_id_size);
}

void device_expect_nothing_left(void)
{
    (void)hotreload_unload();
    store_reset();
    fake_heap_expect_empty();
    assert_int_equal(fake_partition.maps, 0);
}

uint8_t *build_module(uint32_t seed, module_layout_t *layout)
{
    module_spec_t spec = module_spec_default();
    spec.seed = seed;
    spec.text_size = 1200;
    size_t size;
    return module_build(&spec, layout, &size);
}

static void digest_of(uint8_t digest[HOTRELOAD_HASH_SIZE], const void *key, size_t key_size,
                      const void *data, size_t size)
{
    hotreload_hash_t *hash;
    assert_int_equal(hotreload_port_hash_begin(key, key_size, &hash), ESP_OK);
    assert_int_equal(hotreload_port_hash_update(hash, data, size), ESP_OK);
    assert_int_equal(hotreload_port_hash_end(hash, digest), ESP_OK);
}

void hex_digest(char hex[65], const void *key, size_t key_size, const void *data, size_t size)
{
    uint8_t digest[HOTRELOAD_HASH_SIZE];
    digest_of(digest, key, key_size, data, size);
    for (size_t i = 0; i < sizeof digest; i++) {
        sprintf(hex + 2 * i, "%02x", digest[i]);
    }
}

void hex_proof(char hex[65], const char *nonce_answer, const uint8_t *module, size_t size,
               const uint8_t *secret)
{
    uint8_t message[17 + 16 + 4 + HOTRELOAD_HASH_SIZE] = "hotreload-upload";
    assert_memory_equal(nonce_answer, "{\"nonce\":\"", 10);
    for (size_t i = 0; i < 16; i++) {
        unsigned byte;
        assert_int_equal(sscanf(nonce_answer + 10 + 2 * i, "%2x", &byte), 1);
        message[17 + i] = (uint8_t)byte;
    }
    for (size_t i = 0; i < 4; i++) {
        message[33 + i] = (uint8_t)(size >> 8 * i);
    }
    digest_of(message + 37, NULL, 0, module, size);
    hex_digest(hex, secret, HOTRELOAD_SECRET_SIZE, message, sizeof message);
}

void prepare_upload(upload_t *upload, const uint8_t *module, size_t size, const uint8_t *secret)
{
    char hex[65];
    sprintf(upload->length, "Content-Length: %zu", size);
    hex_digest(hex, NULL, 0, module, size);
    sprintf(upload->sha256, HOTRELOAD_HEADER_SHA256 ": %s", hex);
    hex_proof(hex, get("/nonce").body, module, size, secret);
    sprintf(upload->proof, HOTRELOAD_HEADER_AUTH ": %s", hex);
    upload->headers[0] = upload->length;
    upload->headers[1] = upload->sha256;
    upload->headers[2] = upload->proof;
    upload->headers[3] = NULL;
    upload->request = (fake_request_t){.method = HTTP_POST,
                                       .uri = "/upload",
                                       .headers = upload->headers,
                                       .body = (const char *)module,
                                       .body_size = size,
                                       .piece = 333};
}

fake_response_t send_request(const fake_request_t *request)
{
    fake_response_t response;
    fake_httpd_request(server_config.port, request, &response);
    assert_true(response.answered);
    assert_string_equal(response.type, "application/json");
    return response;
}

fake_response_t get(const char *uri)
{
    const fake_request_t request = {.method = HTTP_GET, .uri = uri};
    fake_response_t response = send_request(&request);
    assert_string_equal(response.status, "200 OK");
    return response;
}

fake_response_t upload(const uint8_t *module, size_t size, const uint8_t *secret)
{
    upload_t prepared;
    prepare_upload(&prepared, module, size, secret);
    return send_request(&prepared.request);
}

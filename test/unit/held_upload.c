/* SPDX-License-Identifier: MIT */
#include "held_upload.h"

#include "testing.h"
#include "fake_flash.h"
#include "fake_port.h"
#include "hotreload.h"
#include "loaded.h"
#include "store/store.h"
#include "store_reset.h"
#include "store/state.h"

#define SECTOR  256u
#define SECTORS 24u

int held_upload_set_up(void **state)
{
    loaded_set_up(state);
    store_reset();
    fake_flash_create(SECTORS, SECTOR);
    return 0;
}

int held_upload_tear_down(void **state)
{
    store_reset();
    return loaded_tear_down(state);
}

int held_upload_send(uint32_t seed, hotreload_answer_t *answer)
{
    size_t size;
    uint8_t *body = loaded_module(seed, &size);
    return held_upload_send_body(body, size, answer);
}

int held_upload_send_body(uint8_t *body, size_t size, hotreload_answer_t *answer)
{
    sent_t sent;
    sent_describe(&sent, body, size);
    sent_prove(&sent);
    sent.head.run_from_ram_first = true;
    int status = sent_upload(&sent, 100, answer);
    sent_free(&sent);
    return status;
}

void held_upload_expect(uint32_t seed, uint32_t sequence)
{
    hotreload_answer_t answer;
    char part[32];
    const unsigned writes = fake_flash.writes, erases = fake_flash.erases;
    assert_int_equal(held_upload_send(seed, &answer), 200);
    snprintf(part, sizeof part, "\"sequence\":%u,", (unsigned)sequence);
    assert_non_null(strstr(answer.body, part));
    assert_int_equal(fake_flash.writes, writes);
    assert_int_equal(fake_flash.erases, erases);
    assert_int_equal(hotreload_store_state.newest, sequence);
    assert_true(hotreload_update_available());
}

bool held_upload_settle(unsigned pieces)
{
    bool more = true;
    while (more && pieces > 0) {
        more = hotreload_request_upload_settle();
        pieces--;
    }
    return more;
}

void held_upload_boot(bool crashed, uint32_t seed)
{
    loaded_restart(crashed);
    fake_flash_power_on();
    assert_int_equal(hotreload_load(&loaded_config), ESP_OK);
    loaded_expect(seed);
}

/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "esp_event.h"
#include "fakes/fake_event.h"
#include "port.h"

ESP_EVENT_DECLARE_BASE(HOTRELOAD_EVENT);
const char *const HOTRELOAD_EVENT = "HOTRELOAD_EVENT";

static void an_event_goes_to_the_default_loop_without_waiting(void **test)
{
    const hotreload_event_data_t data = {.sequence = 7, .reason = "why"};
    hotreload_port_post_event(HOTRELOAD_EVENT_FAILED, &data);
    assert_int_equal(fake_event.posted, 1);
    assert_ptr_equal(fake_event.base, HOTRELOAD_EVENT);
    assert_int_equal(fake_event.id, HOTRELOAD_EVENT_FAILED);
    assert_int_equal(fake_event.size, sizeof data);
    assert_memory_equal(fake_event.data, &data, sizeof data);
}

static void without_a_loop_nothing_happens(void **test)
{
    const hotreload_event_data_t data = {.sequence = 7};
    fake_event.result = ESP_ERR_INVALID_STATE; /* of the real one, then */
    hotreload_port_post_event(HOTRELOAD_EVENT_LOADED, &data);
    assert_int_equal(fake_event.posted, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_goes_to_the_default_loop_without_waiting),
        cmocka_unit_test(without_a_loop_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

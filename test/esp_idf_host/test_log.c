/* SPDX-License-Identifier: MIT */
#include "testing.h"
#include "fakes/fake_log.h"
#include "fakes/fake_system.h"
#include "port.h"

static void each_level_of_the_log_has_its_letter(void **test)
{
    fake_log[0] = '\0';
    hotreload_port_log(HOTRELOAD_LOG_ERROR, "one %d", 1);
    hotreload_port_log(HOTRELOAD_LOG_WARNING, "two");
    hotreload_port_log(HOTRELOAD_LOG_INFO, "100%%");
    assert_string_equal(fake_log, "E hotreload: one 1\nW hotreload: two\nI hotreload: 100%\n");
}

static void a_long_line_is_cut(void **test)
{
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fake_log[0] = '\0';
    hotreload_port_log(HOTRELOAD_LOG_INFO, "%s", text);
    assert_in_range(strlen(fake_log), 200, 300);
}

static void a_panic_ends_with_its_message(void **test)
{
    jmp_buf after;
    fake_abort_jump = &after;
    if (setjmp(after) == 0) {
        hotreload_port_panic("why");
    }
    fake_abort_jump = NULL;
    assert_string_equal(fake_abort_details, "why");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_of_the_log_has_its_letter),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(a_panic_ends_with_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

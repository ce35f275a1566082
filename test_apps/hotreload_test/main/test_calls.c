/* Calls through the stubs, in both directions. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "subject.h"
#include "test_support.h"
#include "unity.h"

TEST_CASE("more arguments than registers", "[calls]")
{
    load();
    int64_t digits = subject_digits(1, 2, 3, 4, 5, 6, 7, 8, 9, 1);
    TEST_ASSERT_TRUE(digits == 1234567891);
}

TEST_CASE("structures by value", "[calls]")
{
    load();
    subject_pair_t pair = subject_swap((subject_pair_t){.first = 3, .second = 4});
    TEST_ASSERT_EQUAL(4, pair.first);
    TEST_ASSERT_EQUAL(3, pair.second);
    subject_block_t block = subject_shift((subject_block_t){.values = {1, [11] = 7}}, 5);
    TEST_ASSERT_EQUAL(6, block.values[0]);
    TEST_ASSERT_EQUAL(5, block.values[5]);
    TEST_ASSERT_EQUAL(12, block.values[11]);
}

TEST_CASE("a variable number of arguments", "[calls]")
{
    load();
    TEST_ASSERT_EQUAL(0, subject_sum(0));
    TEST_ASSERT_EQUAL(55, subject_sum(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST_CASE("64 bits and floating point", "[calls]")
{
    load();
    TEST_ASSERT_TRUE(subject_divide(-9000000000000, 7) == -9000000000000 / 7);
    TEST_ASSERT_TRUE(subject_scale(1.5f, -2.25) == -3.375);
}

TEST_CASE("constants, tables and switches", "[calls]")
{
    load();
    TEST_ASSERT_EQUAL_STRING("zero", subject_name(0));
    TEST_ASSERT_EQUAL_STRING("two", subject_name(2));
    TEST_ASSERT_EQUAL_STRING("none", subject_name(3));
    const int expected[] = {17, 8, 0, -1, 0, 1 << 20, 99};
    for (int which = 0; which < 7; which++) {
        TEST_ASSERT_EQUAL(expected[which], subject_switch(which));
    }
}

static int negate(int value)
{
    return -value;
}

TEST_CASE("function pointers in both directions", "[calls]")
{
    load();
    TEST_ASSERT_EQUAL(-5, subject_apply(negate, 5));
    TEST_ASSERT_EQUAL(3, subject_apply(abs, -3));
    TEST_ASSERT_EQUAL_PTR(subject_twice, subject_get_twice());
    TEST_ASSERT_EQUAL(10, subject_apply(subject_get_twice(), 5));
}

TEST_CASE("errno is the same on both sides", "[calls]")
{
    load();
    subject_set_errno(ENOSPC);
    TEST_ASSERT_EQUAL(ENOSPC, errno);
    errno = EAGAIN;
    TEST_ASSERT_EQUAL(EAGAIN, subject_get_errno());
}

static volatile int timer_result;

static void on_timer(void *argument)
{
    subject_function_t twice = argument;
    timer_result = twice(timer_result);
}

TEST_CASE("a pointer handed out before a reload is good after it", "[calls]")
{
    load();
    const esp_timer_create_args_t arguments = {.callback = on_timer, .arg = subject_get_twice()};
    esp_timer_handle_t timer;
    timer_result = 3;
    EXPECT(ESP_OK, esp_timer_create(&arguments, &timer));
    reload();
    EXPECT(ESP_OK, esp_timer_start_once(timer, 1000));
    for (int tries = 0; timer_result == 3 && tries < 100; tries++) {
        vTaskDelay(1);
    }
    EXPECT(ESP_OK, esp_timer_delete(timer));
    TEST_ASSERT_EQUAL(6, timer_result);
}

/* SPDX-License-Identifier: MIT */
#include "exercise.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exercises.h"

int firmware_value = 5;

static void arguments(void)
{
    printf("ten arguments: %lld\n",
           (long long)exercise_ten_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 0));
    printf("mixed arguments: %.2f\n",
           exercise_mixed_arguments(-1, -2000000000000, 1.5f, 2.25, 65535, 4000000000, "seven",
                                    -0.5, 9, -10));
    point_t point = exercise_small_struct((point_t){.x = 3, .y = -4}, 5);
    printf("small struct: %d %d\n", point.x, point.y);
    large_t large = {.values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, .scale = 0.5};
    large_t result = exercise_large_struct(large, -3);
    printf("large struct: %ld %ld %ld %.2f, ours %ld %.2f\n", (long)result.values[0],
           (long)result.values[6], (long)result.values[11], result.scale, (long)large.values[11],
           large.scale);
    printf("variadic: %lld\n",
           (long long)exercise_variadic(6, 1LL, 20LL, 300LL, 4000LL, 50000000000LL, -6LL));
    char text[80];
    exercise_calls_variadic(text, sizeof text);
    printf("calls variadic: %s\n", text);
}

static int power(int a, int b)
{
    return b == 0 ? 1 : a * power(a, b - 1);
}

/* Through the stub and back, once per level. */
static int go_down(int depth, void *again)
{
    return exercise_recursion(depth, go_down, again);
}

static void functions(void)
{
    printf("callback: %d\n", exercise_callback(power, 2, 5));
    printf("function without stub: %d\n", exercise_operation(0)(6, 7));
    printf("function with stub: %d\n", exercise_operation(1)(6, 7));
    const void *addresses[2];
    exercise_addresses(addresses);
    printf("same addresses: %d %d %d\n", addresses[0] == (const void *)exercise_ten_arguments,
           addresses[1] == (const void *)exercise_subtract,
           exercise_operation(1) == exercise_subtract);
    printf("recursion: %d\n", exercise_recursion(1000, go_down, NULL));
    printf("function table: %d %d\n", exercise_function_table(0, 8, 9),
           exercise_function_table(1, 8, 9));
}

static void values(void)
{
    printf("64 bit: %lld %llu\n", (long long)exercise_divide(-9000000000000000000, 7000000001),
           (unsigned long long)exercise_remainder(18446744073709551615u, 1000000007));
    double number = exercise_double(1e6, 0.125);
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    printf("floating point: %llx %.3f\n", (unsigned long long)bits, (double)exercise_float(7, 9));
    for (unsigned i = 0; i < 4; i++) {
        printf("string %u: [%s]\n", i, exercise_string(i));
    }
    firmware_value = -5;
    printf("switch:");
    for (int i = 0; i < 8; i++) {
        printf(" %d", exercise_switch(i));
    }
    printf("\nfirmware value: %d\n", exercise_firmware_value(100));
    errno = 17;
    int seen = exercise_errno(23);
    int set = errno;
    printf("errno: %d %d %d\n", seen, set, exercise_errno_of_library());
}

void exercise_all(void)
{
    arguments();
    functions();
    values();
    printf("weak: %d\n", exercise_weak());
    printf("constructed: %d\n", exercise_constructed());
    printf("count: %d", exercise_count());
    printf(" %d\n", exercise_count());
    printf("exercises done\n");
}

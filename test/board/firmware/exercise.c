/* SPDX-License-Identifier: MIT */
#include "exercise.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exercises.h"

int firmware_value = 5;

/* As hexadecimal bits: not every C library's printf() knows 64 bits and floating point. */
static void print64(const char *name, uint64_t value)
{
    printf("%s: %08lx%08lx\n", name, (unsigned long)(value >> 32), (unsigned long)value);
}

static void print_double(const char *name, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    print64(name, bits);
}

int64_t firmware_sum(const char *kinds, ...)
{
    va_list arguments;
    va_start(arguments, kinds);
    int64_t sum = 0;
    for (int i = 1; *kinds != '\0'; i++, kinds++) {
        switch (*kinds) {
        case 'i':
            sum += i * (int64_t)va_arg(arguments, int);
            break;
        case 'l':
            sum += i * va_arg(arguments, int64_t);
            break;
        case 'd':
            sum += i * (int64_t)va_arg(arguments, double);
            break;
        default:
            sum += i * (int64_t)strlen(va_arg(arguments, const char *));
            break;
        }
    }
    va_end(arguments);
    return sum;
}

static void arguments(void)
{
    const unsigned sums[] = {
        exercise_0(),
        exercise_1(1),
        exercise_2(1, 2),
        exercise_3(1, 2, 3),
        exercise_4(1, 2, 3, 4),
        exercise_5(1, 2, 3, 4, 5),
        exercise_6(1, 2, 3, 4, 5, 6),
        exercise_7(1, 2, 3, 4, 5, 6, 7),
        exercise_8(1, 2, 3, 4, 5, 6, 7, 8),
        exercise_9(1, 2, 3, 4, 5, 6, 7, 8, 9),
        exercise_10(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
        exercise_11(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        exercise_12(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
    };
    for (unsigned i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        printf("%u arguments: %u\n", i, sums[i]);
    }
    print_double("mixed arguments", exercise_mixed_arguments(-1, -2000000000000, 1.5f, 2.25, 65535,
                                                             4000000000, "seven", -0.5, 9, -10));
}

static void structures_and_variadic(void)
{
    point_t point = exercise_small_struct((point_t){.x = 3, .y = -4}, 5);
    printf("small struct: %d %d\n", point.x, point.y);
    large_t large = {.values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, .scale = 0.5};
    large_t result = exercise_large_struct(large, -3);
    printf("large struct: %ld %ld %ld, ours %ld\n", (long)result.values[0], (long)result.values[6],
           (long)result.values[11], (long)large.values[11]);
    print_double("large struct, scale", result.scale);
    print_double("large struct, our scale", large.scale);
    print64("variadic", exercise_variadic(6, 1LL, 20LL, 300LL, 4000LL, 50000000000LL, -6LL));
    print64("calls variadic", exercise_calls_variadic());
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
    printf("same addresses: %d %d %d\n", addresses[0] == (const void *)exercise_10,
           addresses[1] == (const void *)exercise_subtract,
           exercise_operation(1) == exercise_subtract);
    printf("recursion: %d\n", exercise_recursion(100, go_down, NULL));
    printf("function table: %d %d\n", exercise_function_table(0, 8, 9),
           exercise_function_table(1, 8, 9));
}

static int take_room(int depth, int unused)
{
    (void)unused;
    return exercise_stack_room(depth, take_room);
}

static jmp_buf ground;
static bool jump_in_module;

static int jump_at_the_bottom(int depth, int unused)
{
    (void)unused;
    if (depth > 0) {
        return exercise_jump_out(depth, jump_at_the_bottom) + 1;
    }
    if (jump_in_module) {
        exercise_jump_to(ground, 7);
    }
    longjmp(ground, 6);
}

static int jump(int depth, int a, int b)
{
    volatile int jumps = 0;
    int value = setjmp(ground);
    if (value == 0) {
        jumps++;
        return jump_at_the_bottom(depth, 0);
    }
    return value * 1000 + a * 100 + b * 10 + jumps;
}

static jmp_buf *module_place;

static int climb_to_module(int depth, int unused)
{
    (void)unused;
    if (depth == 0) {
        longjmp(*module_place, 9);
    }
    return exercise_jump_out(depth, climb_to_module) + 1;
}

static void go_down_and_jump(jmp_buf place, int depth)
{
    module_place = (jmp_buf *)place;
    climb_to_module(depth, 0);
}

/* The calls are more than windows of registers, so their callers wait on the stack. */
static void stack(void)
{
    printf("room on the stack: %d\n", take_room(60, 0));
    for (int i = 0; i < 2; i++) {
        jump_in_module = i == 1;
        printf("jump in the %s: %d %d\n", i == 1 ? "module" : "firmware", jump(1, 2, 3),
               jump(60, 4, 5));
    }
    printf("jump to the module: %d\n", exercise_jump_back(go_down_and_jump, 4, 5));
}

static void values(void)
{
    print64("64 bit, quotient", exercise_divide(-9000000000000000000, 7000000001));
    print64("64 bit, remainder", exercise_remainder(18446744073709551615u, 1000000007));
    print_double("double", exercise_double(1e6, 0.125));
    print_double("float", exercise_float(7, 9));
    for (unsigned i = 0; i < 4; i++) {
        printf("string %u: [%s]\n", i, exercise_string(i));
    }
    printf("constants: %u\n", exercise_constants(7));
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
    structures_and_variadic();
    functions();
    stack();
    values();
    printf("weak: %d\n", exercise_weak());
    printf("constructed: %d\n", exercise_constructed());
    printf("count: %d", exercise_count());
    printf(" %d\n", exercise_count());
    printf("exercises done\n");
}

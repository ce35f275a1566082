/*
 * Reloadable functions that exercise everything a stub, the relocation and the binding must get
 * right. The firmware calls them and prints what they return.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef EXERCISES_H
#define EXERCISES_H

#include <setjmp.h>
#include <stdint.h>

/* ---- Passing arguments and results (arguments.c, calls.c) ---- */

typedef struct {
    int16_t x, y;
} point_t; /* travels in a register */

typedef struct {
    int32_t values[12];
    double scale;
} large_t; /* travels by reference */

typedef int (*operation_t)(int a, int b);

/** With as many arguments as their names say; every argument has another weight in the result. */
unsigned exercise_0(void);
unsigned exercise_1(int a);
unsigned exercise_2(int a, int b);
unsigned exercise_3(int a, int b, int c);
unsigned exercise_4(int a, int b, int c, int d);
unsigned exercise_5(int a, int b, int c, int d, int e);
unsigned exercise_6(int a, int b, int c, int d, int e, int f);
unsigned exercise_7(int a, int b, int c, int d, int e, int f, int g);
unsigned exercise_8(int a, int b, int c, int d, int e, int f, int g, int h);
unsigned exercise_9(int a, int b, int c, int d, int e, int f, int g, int h, int i);
unsigned exercise_10(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j);
unsigned exercise_11(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k);
unsigned exercise_12(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k,
                     int l);
double exercise_mixed_arguments(int8_t a, int64_t b, float c, double d, uint16_t e, int64_t f,
                                const char *g, double h, int i, int64_t j);
point_t exercise_small_struct(point_t point, int factor);
large_t exercise_large_struct(large_t large, int factor);
/** Sums `count` arguments of type int64_t. */
int64_t exercise_variadic(int count, ...);
/** The firmware's variadic function: sums each argument times its position, from 1. The kinds are
 * i (int), l (int64_t), d (double) and s (a string, whose length counts). */
int64_t firmware_sum(const char *kinds, ...);
/** Calls it. */
int64_t exercise_calls_variadic(void);
/** Calls the firmware's function. */
int exercise_callback(operation_t operation, int a, int b);
/** Gives the firmware a function: 0 one without a stub, 1 one with a stub. */
operation_t exercise_operation(int which);
int exercise_subtract(int a, int b);
/** Addresses of two exports as the module sees them: in code, and in a table of constants. */
void exercise_addresses(const void *addresses[2]);
/** Depth-first through its own stub as the firmware hands it in. */
int exercise_recursion(int depth, int (*self)(int, void *), void *again);

/* ---- The stack (stack.c) ---- */

/** Takes room on the stack that grows with `depth`, before and after it calls deeper(depth - 1, 0)
 * unless `depth` is 0. Returns the bytes of all levels, plus 1 for each; or less than 0. */
int exercise_stack_room(int depth, operation_t deeper);
/** Calls deeper(depth - 1, 0), which need not return. */
int exercise_jump_out(int depth, operation_t deeper);
/** longjmp(), in the module. */
void exercise_jump_to(jmp_buf place, int value);
/** Lets down() jump to a place in the module three times, from 20, 40 and 60 calls below. Returns
 * the last value, a, b, and 3, as digits. */
int exercise_jump_back(void (*down)(jmp_buf place, int depth), int a, int b);

/* ---- Data and arithmetic (values.c) ---- */

/** Firmware data that the module reads and writes. */
extern int firmware_value;

int64_t exercise_divide(int64_t a, int64_t b);
uint64_t exercise_remainder(uint64_t a, uint64_t b);
double exercise_double(double a, double b);
float exercise_float(float a, int b);
const char *exercise_string(unsigned index);
/** Sums the first `count` of 7 constants of one byte, and of 7 of two. */
unsigned exercise_constants(unsigned count);
int exercise_switch(int selector);
int exercise_function_table(unsigned index, int a, int b);
int exercise_firmware_value(int added);
int exercise_weak(void);
/** errno as the module sees it; then sets it. */
int exercise_errno(int next);
/** errno in the module after a call of the firmware's C library that fails. */
int exercise_errno_of_library(void);

/* ---- The life of a module (life.c, marker.c) ---- */

/** Counts its calls since the module was loaded, in .data and in .bss. */
int exercise_count(void);
/** How many constructors have run, as digits in their order. */
int exercise_constructed(void);
/** Which version of the code this is. */
int exercise_marker(void);

#endif

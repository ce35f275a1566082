/*
 * What the tests call in the module.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

typedef int (*subject_function_t)(int value);

typedef struct {
    int first, second;
} subject_pair_t;

typedef struct {
    int values[12];
} subject_block_t;

/** Counts its calls since the module was loaded, from 0. */
int subject_count(void);

/** Ten arguments: more than there are registers. Each counts in its own decimal place. */
int64_t subject_digits(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j);

/** Structures by value. */
subject_pair_t subject_swap(subject_pair_t pair);
subject_block_t subject_shift(subject_block_t block, int by);

/** Adds `count` further arguments of type int. */
int subject_sum(int count, ...);

int64_t subject_divide(int64_t dividend, int64_t divisor);
double subject_scale(float value, double by);

/** Twice the value. */
int subject_twice(int value);

/** Calls a function of the firmware. */
int subject_apply(subject_function_t function, int value);

/** The address of subject_twice() as the module sees it. */
subject_function_t subject_get_twice(void);

/** A name by a table of pointers; "none" outside of it. */
const char *subject_name(int index);

/** A number by a jump table. */
int subject_switch(int which);

/** Sets errno, and reads it. */
void subject_set_errno(int value);
int subject_get_errno(void);

/** Whether the module's constructor has run, before any other of its functions. */
bool subject_is_constructed(void);

/** Where the module has a variable. */
const void *subject_variable(void);

#endif

/*
 * What every C test includes: cmocka, with the headers that cmocka needs before itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTING_H
#define TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* cmocka hands a state to each test, set-up and tear-down; most of them do not need it. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#endif

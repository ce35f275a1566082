/*
 * A second reloadable component: it becomes part of the same module.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RELOADABLE_MATH_H
#define RELOADABLE_MATH_H

#ifdef __cplusplus
extern "C" {
#endif

/** Adds two numbers. */
int reloadable_add(int a, int b);

/** Multiplies two numbers. */
int reloadable_multiply(int a, int b);

#ifdef __cplusplus
}
#endif

#endif

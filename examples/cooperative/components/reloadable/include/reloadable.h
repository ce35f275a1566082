/* The functions that can be changed while the application runs. SPDX-License-Identifier: MIT */
#ifndef RELOADABLE_H
#define RELOADABLE_H

#ifdef __cplusplus
extern "C" {
#endif

/** Begins counting afresh; the application calls it after each load. */
void reloadable_init(void);

/** Prints a greeting. */
void reloadable_hello(const char *name);

#ifdef __cplusplus
}
#endif

#endif

/*
 * What the golden test's firmware offers to its modules.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GOLDEN_FIRMWARE_H
#define GOLDEN_FIRMWARE_H

extern int firmware_counter;
extern const char firmware_name[16];
extern unsigned firmware_table[8];
int firmware_add(int a, int b);
int firmware_log(const char *format, ...);
/** Defined nowhere: modules only know it as a weak reference. */
int firmware_absent(int value) __attribute__((weak));

/**
 * The address of an export, taken as a value, is that of its stub. The module under test says so in
 * plain C; the reference names the stub, which the test defines at its address in the firmware.
 */
#ifdef GOLDEN_REFERENCE
#define EXPORT_VALUE(function)   function##_stub
#define EXPORT_DECLARE(function) extern __typeof__(function) function##_stub
#else
#define EXPORT_VALUE(function)   function
#define EXPORT_DECLARE(function) extern __typeof__(function) function
#endif

#endif

/* What the two halves of the program have in common. SPDX-License-Identifier: MIT */
#ifndef HALF_H
#define HALF_H

/* Variables: defined in the module, in the firmware, or in both. */
extern int config_level;        /* weak in the module, strong in the firmware */
extern int mode;                /* strong in the module, weak in the firmware */
extern int level;               /* the module's; the firmware reads and writes it */
extern const char *const title; /* the same, with an address in it */
extern int shared_common;       /* a common symbol in both */
extern char counters[3];        /* the module's, not a whole number of words */
extern const int pulses[3];     /* a table in assembly, with a type */
int half_config_level(void);
int half_mode(void);
int half_level(void);
int half_common(void);
int half_counter(int index);
int half_pulse(int index);
int half_untyped_pulse(int index);

/* Functions: defined in both, or by another name. */
int weak_in_module(void);
int weak_in_firmware(void);
int half_calls(void);
int untyped_function(int x); /* assembly without a type, called by the firmware only */

/* --wrap and --defsym. */
int read_sensor(void); /* the firmware's; __wrap_read_sensor() too */
int read_half(void);   /* the module's; __wrap_read_half() is the firmware's */
int half_wrapped(void);
int half_other_name(void);
int replaced(void); /* the module's, but --defsym gives the name to replacement() */
int half_replaced(void);

/* Words of the linker's language. */
int MAX(int a, int b);
int SIZEOF(int a);
int half_words(void);
int NEXT(int a);
int LENGTH(int a);

/* Static callbacks. */
typedef int callback_t(int);
callback_t *half_callback(void);
callback_t *half_iram_callback(void);
int half_iram(int x);

/* C++. */
int half_cxx(void);
#endif

/* What the shared names are, as the firmware sees them. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "half.h"

void halves_show(void);
void objects_show(void);

#define SHOW(expression) printf("%s: %d\n", #expression, (int)(expression))

static void show_variables(void)
{
    SHOW(config_level);
    SHOW(half_config_level());
    SHOW(mode);
    SHOW(half_mode());
    mode = 21;
    SHOW(half_mode());
    SHOW(half_level());
    SHOW(level);
    level = 70;
    SHOW(half_level());
    SHOW(strcmp(title, "a title"));
    shared_common = 30;
    SHOW(half_common());
    SHOW(shared_common);
    SHOW(half_counter(2));
    SHOW(counters[2]);
    SHOW(pulses[1]);
    SHOW(half_pulse(2));
    SHOW(half_untyped_pulse(0));
}

static void show_functions(void)
{
    SHOW(weak_in_module());
    SHOW(weak_in_firmware());
    SHOW(half_calls());
    SHOW(untyped_function(1));
    SHOW(read_sensor());
    SHOW(half_wrapped());
    SHOW(read_half());
    SHOW(half_other_name());
    SHOW(replaced());
    SHOW(half_replaced());
    SHOW(MAX(3, 4));
    SHOW(SIZEOF(3));
    SHOW(NEXT(3));
    SHOW(LENGTH(3));
    SHOW(half_words());
    SHOW(half_callback()(1));
    SHOW(half_iram_callback()(1));
    SHOW(half_iram(1));
    SHOW(half_callback() == half_callback());
}

/** Prints a line for each name, then "shown". */
void halves_show(void)
{
    show_variables();
    show_functions();
#if HALVES_CXX
    objects_show();
#endif
    printf("shown\n");
}

/* Addresses of exports as values: in code, in constants, compared; calls between exports. */
#include "../firmware.h"

typedef int (*callback_t)(int);

int export_values_first(int x)
{
    return x + 1;
}

int export_values_second(int x)
{
    return export_values_first(x) * 2;
}

EXPORT_DECLARE(export_values_first);
EXPORT_DECLARE(export_values_second);

static const callback_t callbacks[2] = {EXPORT_VALUE(export_values_second),
                                        EXPORT_VALUE(export_values_first)};
callback_t export_values_current = EXPORT_VALUE(export_values_first);

callback_t export_values_choose(int which)
{
    return which < 0 ? EXPORT_VALUE(export_values_second) : callbacks[which & 1];
}

int export_values_is_first(callback_t callback)
{
    return callback == EXPORT_VALUE(export_values_first);
}

/* Loops, and arithmetic that processors with floating-point registers do in them. */
#include "../firmware.h"

static float history[16];
static const float weights[] = {0.5f, -1.25f, 3.0f, 1e-3f, 7.75f, 1e30f, -0.0f, 2.5f};

float loops_filter(const float *samples, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++) {
        sum += samples[i] * weights[i % 8];
        history[i % 16] = sum < 100.0f ? sum : 100.0f;
    }
    return sum;
}

int loops_compare(float a, float b)
{
    if (a < b && b < history[0]) {
        return firmware_add((int)a, (int)b);
    }
    return a == 0.0f || b != 0.0f ? firmware_log("%d", (int)(a / b)) : -1;
}

void loops_copy(unsigned *to, const unsigned *from, int count)
{
    for (int i = 0; i < count; i++) {
        to[i] = from[i] ^ firmware_table[i % 8];
    }
}

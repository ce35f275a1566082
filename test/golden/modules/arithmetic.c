/* 64-bit and soft-float arithmetic: the compiler's helpers are linked into the module. */
long long arithmetic_divide(long long a, long long b)
{
    return a / b + a % b;
}

unsigned long long arithmetic_shift(unsigned long long a, int by)
{
    return (a << by) | (a >> (64 - by));
}

double arithmetic_mean(const double *values, int count)
{
    double sum = 0.0;
    for (int i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / count;
}

float arithmetic_scale(float x, int by)
{
    return x * (float)by / 3.0f;
}

int arithmetic_bits(unsigned x)
{
    return __builtin_clz(x) + __builtin_popcount(x);
}

/* .bss, but nothing initialised. */
static int values[64];

int only_bss_run(unsigned a)
{
    return values[a % 64]++;
}

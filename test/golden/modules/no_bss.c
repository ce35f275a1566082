/* Initialised data, but no .bss. */
static int value = 7;

int no_bss_run(int a)
{
    value ^= a;
    return value;
}

/* Static and global data, initialised and not, of several sizes and alignments. */
static int counter;
static char letter = 'a';
static short numbers[3] = {1, -2, 3};
int data_total = 42;
long long data_wide = 0x123456789abcdefLL;
static double ratio = 0.5;
static unsigned char buffer[300];

int data_step(int by)
{
    counter += by;
    buffer[counter & 255] = (unsigned char)(letter + numbers[by % 3]);
    data_total += buffer[(counter - by) & 255];
    data_wide *= by;
    return counter + data_total + (int)data_wide;
}

double data_ratio(void)
{
    return ratio;
}

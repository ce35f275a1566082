/* A switch that becomes a jump table, and one over characters: an offset before the table. */
#include "../firmware.h"

int jump_table_run(int which, int x)
{
    switch (which) {
    case 0:
        return firmware_add(x, 1);
    case 1:
        return firmware_add(x, 20) * 3;
    case 2:
        return firmware_add(x, 300) - 7;
    case 3:
        return firmware_add(x, 4000) ^ x;
    case 4:
        return firmware_add(x, 5) | 1;
    case 5:
        return firmware_add(x, 61) & ~1;
    case 6:
        return firmware_add(x, 7) << 2;
    case 7:
        return firmware_add(x, 81) / 3;
    default:
        return -1;
    }
}

static const unsigned short weights[26] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9,
                                           7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3};

int jump_table_weight(const char *word)
{
    int sum = 0;
    for (; *word != '\0'; word++) {
        sum += weights[*word - 'a'];
    }
    return sum;
}

/* Further below the table than it is long: the addend leads outside the segment. */
extern const int jump_table_far[];
const int jump_table_far[4] = {10, 20, 30, 40};

int jump_table_far_read(int index)
{
    return jump_table_far[index - 100000];
}

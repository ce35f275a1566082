/* Tables of the module's own static functions, and structures that hold such pointers. */
typedef struct {
    const char *name;
    int (*run)(int);
} command_t;

static int twice(int x)
{
    return 2 * x;
}

static int square(int x)
{
    return x * x;
}

static int negate(int x)
{
    return -x;
}

static const command_t commands[] = {{"twice", twice}, {"square", square}, {"negate", negate}};
static int (*selected)(int) = square;

int function_table_run(unsigned index, int x)
{
    const command_t *command = &commands[index % 3];
    selected = command->name[0] == 's' ? square : command->run;
    return selected(x) + commands[(index + 1) % 3].run(x);
}

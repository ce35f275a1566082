/* errno: a thread-local variable of the firmware's C library. */
extern __thread int errno;

int thread_local_swap(int value)
{
    int old = errno;
    errno = value;
    return old;
}

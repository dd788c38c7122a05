/* A stream: spliced from a larger pipe; fsync at the end. */
#include "protocol.h"

int main(int argc, char **argv)
{
    ssize_t count;

    (void)argc;
    begin();
    must(fcntl(0, F_SETPIPE_SZ, 1024 * 1024));
    while ((count = splice(0, NULL, staged, NULL, 1024 * 1024, SPLICE_F_MOVE)) > 0)
        ;
    must(count);
    commit(argv[1], 1);
    return 0;
}

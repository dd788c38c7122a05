/* A stream: read 128 KiB, write them; fsync at the end. */
#include "protocol.h"

static char buffer[128 * 1024];

int main(int argc, char **argv)
{
    ssize_t count;

    (void)argc;
    begin();
    while ((count = read(0, buffer, sizeof buffer)) > 0)
        put(buffer, count);
    must(count);
    commit(argv[1], 1);
    return 0;
}

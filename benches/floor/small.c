/* A small file. With a second argument, without the syncs. */
#include "protocol.h"

static char buffer[64 * 1024];

int main(int argc, char **argv)
{
    ssize_t count;

    begin();
    while ((count = read(0, buffer, sizeof buffer)) > 0)
        put(buffer, count);
    must(count);
    commit(argv[1], argc < 3);
    return 0;
}

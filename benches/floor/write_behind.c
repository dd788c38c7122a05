/* A stream: a larger pipe, read and write, and each 8 MiB the kernel is asked to begin writing back. */
#include "protocol.h"

#define WINDOW (8L * 1024 * 1024)

static char buffer[256 * 1024];

int main(int argc, char **argv)
{
    off_t offset = 0, begun = 0;
    ssize_t count;

    (void)argc;
    begin();
    must(fcntl(0, F_SETPIPE_SZ, 1024 * 1024));
    while ((count = read(0, buffer, sizeof buffer)) > 0) {
        put(buffer, count);
        offset += count;
        if (offset - begun >= WINDOW) {
            must(sync_file_range(staged, begun, offset - begun, SYNC_FILE_RANGE_WRITE));
            begun = offset;
        }
    }
    must(count);
    commit(argv[1], 1);
    return 0;
}

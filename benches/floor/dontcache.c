/* A stream: 1 MiB at a time, written through the page cache and dropped from it (Linux 6.14). What is written is not
 * cached for those who read TARGET next, so this is a floor for the disk and not for this program. */
#include "protocol.h"
#include <sys/uio.h>

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

static char buffer[1024 * 1024];

int main(int argc, char **argv)
{
    ssize_t count, written;

    (void)argc;
    begin();
    must(fcntl(0, F_SETPIPE_SZ, 1024 * 1024));
    do {
        struct iovec whole = {buffer, 0};
        while (whole.iov_len < sizeof buffer
               && (count = read(0, buffer + whole.iov_len, sizeof buffer - whole.iov_len)) > 0)
            whole.iov_len += count;
        must(count);
        while (whole.iov_len > 0) {
            must(written = pwritev2(staged, &whole, 1, -1, RWF_DONTCACHE));
            whole.iov_base = (char *)whole.iov_base + written;
            whole.iov_len -= written;
        }
    } while (count > 0);
    commit(argv[1], 1);
    return 0;
}

/* The system calls of the protocol around the bytes, and nothing else: no options, no checks, no metadata, no clean-up.
 * TARGET is argv[1], in the working directory. A floor for measurements; never a program to use. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The bench skips a floor that ends with this: the system cannot do what it is made of. */
#define UNSUPPORTED 77

static int directory, staged;

static void must(int done)
{
    if (done < 0)
        _exit(errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ? UNSUPPORTED : 1);
}

/* Not every floor needs each of these. */
__attribute__((unused)) static void begin(void)
{
    must(directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    must(staged = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

/* `sync` is 0 where only the cost of the syncs is wanted, by leaving them out. */
__attribute__((unused)) static void commit(const char *target, int sync)
{
    char name[32], path[32];

    if (sync)
        must(fsync(staged));
    snprintf(name, sizeof name, ".floor-%d", getpid());
    /* Before Linux 6.10 the first needs a capability, the second only /proc. */
    if (linkat(staged, "", directory, name, AT_EMPTY_PATH) < 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", staged);
        must(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
    }
    must(renameat(directory, name, directory, target));
    if (sync)
        must(fsync(directory));
}

__attribute__((unused)) static void put(const char *bytes, ssize_t count)
{
    while (count > 0) {
        ssize_t written = write(staged, bytes, count);
        must(written);
        bytes += written;
        count -= written;
    }
}

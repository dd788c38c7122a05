/* Many files: group HOW SIZE DIR SOURCE... replaces in DIR the files of the same last components. SIZE of them are staged, then
 * brought to the disk, by one syncfs (HOW is 0) or by fsync from HOW threads, and then each gets its name. At the end the
 * directory is synced. Of a large file the kernel is asked to begin writing back each 8 MiB. */
#include "protocol.h"
#include <pthread.h>
#include <string.h>

#define WINDOW (8L * 1024 * 1024)
#define MOST 1000

static char buffer[256 * 1024];
static int group[MOST], in_group, next;

static void stage(const char *source)
{
    off_t offset = 0, begun = 0;
    ssize_t count;
    int from;

    must(from = open(source, O_RDONLY | O_CLOEXEC));
    must(staged = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    while ((count = read(from, buffer, sizeof buffer)) > 0) {
        put(buffer, count);
        offset += count;
        if (offset - begun >= WINDOW) {
            must(sync_file_range(staged, begun, offset - begun, SYNC_FILE_RANGE_WRITE));
            begun = offset;
        }
    }
    must(count);
    close(from);
    group[in_group++] = staged;
}

static void *sync_some(void *nothing)
{
    int mine;

    while ((mine = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < in_group)
        must(fsync(group[mine]));
    return nothing;
}

static void sync_group(int threads)
{
    pthread_t thread[64];
    int at;

    if (threads == 0) {
        must(syncfs(directory));
        return;
    }
    next = 0;
    for (at = 1; at < threads; at++)
        must(-pthread_create(&thread[at], NULL, sync_some, NULL));
    sync_some(NULL);
    for (at = 1; at < threads; at++)
        pthread_join(thread[at], NULL);
}

static void name_group(char **sources)
{
    char name[32], path[32];
    const char *last;
    int at;

    snprintf(name, sizeof name, ".floor-%d", getpid());
    for (at = 0; at < in_group; at++) {
        if (linkat(group[at], "", directory, name, AT_EMPTY_PATH) < 0) {
            snprintf(path, sizeof path, "/proc/self/fd/%d", group[at]);
            must(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
        }
        last = strrchr(sources[at], '/');
        must(renameat(directory, name, directory, last ? last + 1 : sources[at]));
        close(group[at]);
    }
    in_group = 0;
}

int main(int argc, char **argv)
{
    int threads = argc > 4 ? atoi(argv[1]) : -1, size = argc > 4 ? atoi(argv[2]) : 0, at, first;

    if (threads < 0 || threads > 64 || size < 1 || size > MOST)
        return 1;
    must(directory = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (first = 4; first < argc; first += size) {
        for (at = first; at < argc && at < first + size; at++)
            stage(argv[at]);
        sync_group(threads);
        name_group(argv + first);
    }
    must(fsync(directory));
    return 0;
}

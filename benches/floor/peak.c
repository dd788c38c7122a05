/* Runs a command and tells, in the file argv[1], the peak resident memory in KiB of it and of what it waited for.
 * It is small itself because a process inherits the peak of the one that started it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status, length;
    char text[32];
    pid_t child;

    if (argc < 3)
        return 2;
    child = vfork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) < 0)
        return 1;
    length = snprintf(text, sizeof text, "%ld\n", usage.ru_maxrss);
    int figure = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (figure < 0 || write(figure, text, length) != length)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

"""replace.py MODE COUNT FILE [SIZE]: replaces FILE so many times, each time by SIZE times another digit (or see `append`).

The modes of atomic-write: replace, edit, append, backup, if-changed, from. For comparison, without atomic-write: mv, and
rename, rename-path, rename-read: rename(2) while this process holds no descriptor of FILE, one with O_PATH, one for reading.
Exits 1, and says so, at the first replacement that fails.
"""
import os
import sys

PROGRAM = '/guest/bin/atomic-write'
SOURCES = '/tmp/replace'


def run(command, source):
    """Runs a command with standard input from the file `source`; its exit status."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, source, os.O_RDONLY, 0)]
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def source_of(number, size):
    """A file with `size` times a digit."""
    path = f'{SOURCES}/{size}-{number % 10}'
    if not os.path.exists(path):
        with open(path, 'wb') as file:
            file.write(b'%d' % (number % 10) * size)
    return path


def line_of(number):
    path = f'{SOURCES}/line'
    with open(path, 'wb') as file:
        file.write(b'%09d\n' % number)
    return path


def write_beside(target, source):
    path = target + '.tmp'
    with open(source, 'rb') as content, open(path, 'wb') as file:
        file.write(content.read())
    return path


def rename(target, source, flags):
    path = write_beside(target, source)
    held = None if flags is None else os.open(target, flags)
    os.rename(path, target)
    if held is not None:
        os.close(held)
    return 0


def replace(mode, number, target, size):
    """One replacement; its exit status."""
    source = line_of(number) if mode == 'append' else source_of(number, size)
    if mode == 'replace':
        return run([PROGRAM, target], source)
    if mode == 'edit':
        return run([PROGRAM, '--edit', target, '--', 'tr', '0-9', '1-90'], '/dev/null')
    if mode == 'append':
        return run([PROGRAM, '--append', target], source)
    if mode == 'backup':
        return run([PROGRAM, '--backup=simple', target], source)
    if mode == 'if-changed':
        return run([PROGRAM, '--if-changed', target], source)
    if mode == 'from':
        return run([PROGRAM, '--from', source, target], '/dev/null')
    if mode == 'mv':
        return run(['mv', write_beside(target, source), target], '/dev/null')
    flags = {'rename': None, 'rename-path': os.O_PATH, 'rename-read': os.O_RDONLY}[mode]
    return rename(target, source, flags)


def main():
    mode, count, target, *rest = sys.argv[1:]
    size = int(rest[0]) if rest else 5000
    os.makedirs(SOURCES, exist_ok=True)
    for number in range(1, int(count) + 1):
        status = replace(mode, number, target, size)
        if status:
            sys.exit(f'replacement {number} by {mode}: status {status}')


main()

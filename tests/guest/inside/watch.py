"""watch.py FILE STOP SIZE|lines: opens and reads FILE, again and again, until there is a file STOP.

Prints how often it was opened, how often it could not be opened, how often it was opened and could not be read, and how often
it was torn. Whole is SIZE times the same byte, or, with `lines`, the lines of numbers from 1 on that `replace.py append`
writes.
"""
import os
import sys
import time

# Between two looks, in seconds: what is replaced must come to its turn as well.
PAUSE = 0.001

LINES = b''.join(b'%09d\n' % number for number in range(1, 100001))


def is_whole(data, size):
    if size is None:
        return len(data) % 10 == 0 and LINES.startswith(data)
    return len(data) == size and data.count(data[:1]) == size


def read(descriptor):
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b''.join(parts)


def look(path, size):
    """What was seen: missing, unreadable, torn, or nothing that is wrong."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        print(f'open: {error}', file=sys.stderr)
        return 'missing'
    try:
        data = read(descriptor)
    except OSError as error:
        print(f'read: {error}', file=sys.stderr)
        return 'unreadable'
    finally:
        os.close(descriptor)
    if is_whole(data, size):
        return None
    print(f'{len(data)} bytes, the first {data[:10]!r}, the last {data[-10:]!r}', file=sys.stderr)
    return 'torn'


def main():
    path, stop, expected = sys.argv[1:]
    os.nice(10)
    size = None if expected == 'lines' else int(expected)
    counts = {None: 0, 'missing': 0, 'unreadable': 0, 'torn': 0}
    while not os.path.exists(stop):
        counts[look(path, size)] += 1
        time.sleep(PAUSE)
    print(sum(counts.values()), counts['missing'], counts['unreadable'], counts['torn'])


main()

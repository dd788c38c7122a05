"""watch.py FILE STOP SIZE|lines: opens and reads FILE, again and again, until there is a file STOP.

Prints how often it was opened, how often it was not there or could not be read, and how often it was torn. Whole is SIZE
times the same byte, or, with `lines`, the lines of numbers from 1 on that `replace.py append` writes.
"""
import os
import sys

LINES = b''.join(b'%09d\n' % number for number in range(1, 100001))


def is_whole(data, size):
    if size is None:
        return len(data) % 10 == 0 and LINES.startswith(data)
    return len(data) == size and data.count(data[:1]) == size


def read(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while part := os.read(descriptor, 1 << 20):
            parts.append(part)
        return b''.join(parts)
    finally:
        os.close(descriptor)


def main():
    path, stop, expected = sys.argv[1:]
    size = None if expected == 'lines' else int(expected)
    opens = missing = torn = 0
    while not os.path.exists(stop):
        opens += 1
        try:
            data = read(path)
        except OSError as error:
            missing += 1
            print(error, file=sys.stderr)
            continue
        if not is_whole(data, size):
            torn += 1
            print(f'{len(data)} bytes, the first {data[:10]!r}, the last {data[-10:]!r}', file=sys.stderr)
    print(opens, missing, torn)


main()

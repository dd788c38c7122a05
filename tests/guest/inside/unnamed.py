"""unnamed.py DIRECTORY SERVED: makes files without a name in DIRECTORY and links them; SERVED is the same on the server."""
import os
import sys


def attempt(directory, served, name, sync=True, through_reader=False, close_writer=False):
    try:
        writer = os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o644)
        os.write(writer, b'data')
        reader = os.open(f'/proc/self/fd/{writer}', os.O_RDONLY)
        if sync:
            os.fsync(writer)
        if close_writer:
            os.close(writer)
        source = reader if through_reader else writer
        os.link(f'/proc/self/fd/{source}', f'{directory}/{name}', follow_symlinks=True)
        with open(f'{directory}/{name}', 'rb') as file:
            print(f'{name}: linked, {file.read()!r}')
    except OSError as error:
        print(f'{name}: {error}; on the server: {os.listdir(served)}')


def main():
    directory, served = sys.argv[1:]
    attempt(directory, served, 'writer')
    attempt(directory, served, 'reader', through_reader=True)
    attempt(directory, served, 'reader-after-close', through_reader=True, close_writer=True)
    attempt(directory, served, 'not-synced', sync=False)


main()

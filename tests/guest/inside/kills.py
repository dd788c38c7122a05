"""kills.py COUNT FILE SEEN: kills atomic-write, while it replaces FILE, at so many random instants.

SEEN is where the same file is looked at, which may be the server's side. After each kill it must be there, whole. FILE is
made first if it is not there. Exits 1 when SEEN was not there or not whole, and prints what it was.
"""
import os
import random
import re
import subprocess
import sys
import time

PROGRAM = '/guest/bin/atomic-write'
# So many times the duration of an undisturbed run: some of the runs are to come to their end.
LONGEST = 1.2


def look(path):
    """What is wrong with the file, or nothing."""
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        return str(error)
    return None if re.fullmatch(rb'kept\n|version \d+\n', data) else repr(data[:40])


def start(path, number):
    process = subprocess.Popen([PROGRAM, path], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(b'version %d\n' % number)
        process.stdin.close()
    except BrokenPipeError:
        pass
    return process


def kill_after(process, seconds):
    """Whether it was still there to be killed."""
    time.sleep(seconds)
    process.kill()
    return process.wait() < 0


def duration(path):
    """Of a run that is not killed, in seconds."""
    started = time.monotonic()
    runs = 5
    for _ in range(runs):
        start(path, 0).wait()
    return (time.monotonic() - started) / runs


def main():
    count, path, seen = sys.argv[1:]
    if not os.path.exists(path):
        with open(path, 'w') as file:
            file.write('kept\n')
    longest = LONGEST * duration(path)
    bad = killed = 0
    for number in range(1, int(count) + 1):
        killed += kill_after(start(path, number), random.uniform(0, longest))
        problem = look(seen)
        if problem:
            bad += 1
            time.sleep(0.2)
            later = look(seen) or 'there again'
            names = os.listdir(os.path.dirname(seen) or '.')
            print(f'after kill {number}: {problem}; later: {later}; {names}')
    print(f'{bad} of {count} times not there or torn; {killed} were killed before their end')
    sys.exit(bad > 0)


main()

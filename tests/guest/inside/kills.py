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
LONGEST = 0.06


def look(path):
    """What is wrong with the file, or nothing."""
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        return str(error)
    return None if re.fullmatch(rb'kept\n|version \d+\n', data) else repr(data[:40])


def kill_one(path, number):
    process = subprocess.Popen([PROGRAM, path], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(b'version %d\n' % number)
        process.stdin.close()
    except BrokenPipeError:
        pass
    time.sleep(random.uniform(0, LONGEST))
    process.kill()
    process.wait()
    return process.returncode


def main():
    count, path, seen = sys.argv[1:]
    if not os.path.exists(path):
        with open(path, 'w') as file:
            file.write('kept\n')
    bad = killed = 0
    for number in range(1, int(count) + 1):
        killed += kill_one(path, number) < 0
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

"""The guest's side of cuts.py: mounts the disk, tells what is there, and writes until the power goes.

The files, in one directory: r0, r1 are replaced, b0 too with --backup=simple, a0 is appended to, s0 is replaced with
--sync=file, and n1, n2 and so on are new ones. Each content names its file and its version, and how many lines it has.
"""
import os
import random
import subprocess
import sys
import termios
import threading

PROGRAM = '/guest/bin/atomic-write'
DISK = '/dev/vdd'
TARGET = '/mnt/target'
DIRECTORY = TARGET + '/dir'
# What the replaced files must keep.
MODE, OWNER, GROUP = 0o640, 1234, 2345

MAKE = {
    'ext4': f'mkfs.ext4 -qF {DISK}',
    'xfs': f'mkfs.xfs -qf -m bigtime=0,inobtcount=0 {DISK}',
    'btrfs': f'mkfs.btrfs -qf {DISK}',
    'f2fs': f'mkfs.f2fs -qf {DISK}',
}
MOUNT_OPTIONS = {
    'ext4-noalloc': '-o noauto_da_alloc',
    'ext4-writeback': '-o data=writeback,noauto_da_alloc',
}


class Port:
    """The serial line to cuts.py."""

    def __init__(self):
        self.lock = threading.Lock()
        self.descriptor = os.open('/dev/ttyS1', os.O_RDWR | os.O_NOCTTY)
        subprocess.run(['stty', '-F', '/dev/ttyS1', 'raw', '-echo'], check=True)

    def tell(self, text):
        with self.lock:
            os.write(self.descriptor, text.replace('\n', ' ').encode() + b'\n')
            # Sent, and not only taken: what the guest still holds is lost with the power.
            termios.tcdrain(self.descriptor)

    def hear(self):
        line = b''
        while not line.endswith(b'\n'):
            line += os.read(self.descriptor, 1)
        return line.decode().split()


def warm_up():
    """Runs everything once, so that the saved state has it in memory."""
    os.makedirs(TARGET, exist_ok=True)
    for options in ([], ['--backup=simple']) * 3:
        subprocess.run([PROGRAM, *options, '/tmp/warm'], input=b'x' * 100000, check=True)
    for tool in ('mount', 'mkfs.ext4', 'mkfs.xfs', 'mkfs.btrfs'):
        subprocess.run([tool, '-V'], capture_output=True)
    subprocess.run(['mkfs.f2fs', '-h'], capture_output=True)


def shell(port, line):
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    if done.returncode:
        port.tell(f'ERROR {line}: {done.stderr[:300]}')
        os._exit(1)


def content(name, version, lines):
    return f'{name} {version} {lines}\n'.encode() * lines


def is_counted(text):
    """Whether these are the lines 1, 2, 3 and so on, which is what is appended."""
    numbers = text.split()
    return bool(numbers) and numbers == [str(number + 1) for number in range(len(numbers))] and text.endswith('\n')


def as_word(text):
    return text.replace(' ', '_').replace('\n', '_')


def version_of(data, name):
    """The version if the content is whole, or what it is instead. Without a name it may be any file's."""
    if not data:
        return 'EMPTY'
    first = data.split(b'\n', 1)[0] + b'\n'
    words = first.decode(errors='replace').split()
    if len(words) != 3 or not words[2].isdigit():
        return as_word(f'TORN starts with {first[:40]!r}')
    if data != first * int(words[2]):
        return as_word(f'TORN {words[1]} of {len(data)} bytes, expected {len(first) * int(words[2])}')
    if name and words[0] != name:
        return f'OTHER {words[0]}'
    return words[1]


def appended_version_of(data):
    text = data.decode(errors='replace')
    return str(len(text.split())) if is_counted(text) else as_word(f'TORN {text[:60]!r}')


def wrong_metadata(path, name):
    """What a replaced file has not kept; backups and new files have nothing to keep."""
    if name[0] not in 'rb' or '~' in name:
        return ''
    stat = os.stat(path)
    if (stat.st_mode & 0o7777, stat.st_uid, stat.st_gid) != (MODE, OWNER, GROUP):
        return f' METADATA {oct(stat.st_mode)} {stat.st_uid}:{stat.st_gid}'
    if os.getxattr(path, 'user.k') != b'kept':
        return ' METADATA attribute'
    return ''


def look_at_leftover(path):
    """A staging file that has a name is whole, whichever file it was for."""
    with open(path, 'rb') as file:
        data = file.read()
    found = version_of(data, None)
    if not found.isdigit():
        appended = appended_version_of(data)
        found = appended if appended.isdigit() else found
    os.unlink(path)
    return f'whole {found}' if found.isdigit() else found


def look_at(path, name):
    try:
        with open(path, 'rb') as file:
            data = file.read()
        found = appended_version_of(data) if name.startswith('a') else version_of(data, name.rstrip('~'))
        return found + wrong_metadata(path, name) if found.isdigit() else found
    except OSError as error:
        return f'UNREADABLE {error}'


def look(port):
    """Tells what is there; the versions of the files that are whole."""
    versions = {}
    for name in sorted(os.listdir(DIRECTORY)):
        path = f'{DIRECTORY}/{name}'
        found = look_at_leftover(path) if name.startswith('.aw-') else look_at(path, name)
        port.tell(f'FILE {name} {found}')
        if found.isdigit():
            versions[name] = int(found)
    port.tell('LOOKED')
    return versions


class Writer:
    def __init__(self, port, versions, seed, options):
        self.port = port
        self.versions = versions
        self.rng = random.Random(seed)
        self.options = options

    def begin(self):
        """The first versions, with what is to be kept."""
        names = ('r0', 'r1', 'b0')
        for name in names:
            path = f'{DIRECTORY}/{name}'
            subprocess.run([PROGRAM, path], input=content(name, 1, 10), check=True)
            os.chown(path, OWNER, GROUP)
            os.chmod(path, MODE)
            os.setxattr(path, 'user.k', b'kept')
        os.sync()
        for name in names:
            self.versions[name] = 1
            self.port.tell(f'START {name} 1')
            self.port.tell(f'END {name} 1 0')

    def write(self, name, *options, data=None):
        version = self.versions.get(name, 0) + 1
        data = data or content(name, version, self.rng.choice([1, 10, 300, 3000, 20000]))
        # Another --sync would contradict.
        more = [] if '--sync=file' in options else self.options
        self.port.tell(f'START {name} {version}')
        done = subprocess.run([PROGRAM, *options, *more, f'{DIRECTORY}/{name}'], input=data, stderr=subprocess.PIPE)
        self.port.tell(f'END {name} {version} {done.returncode} {done.stderr.decode(errors="replace")[:200]}'.strip())
        self.versions[name] = version

    def replace_for_ever(self):
        while True:
            self.write(self.rng.choice(['r0', 'r1', 'r1']))
            self.write('b0', '--backup=simple')
            self.write('a0', '--append', data=f'{self.versions.get("a0", 0) + 1}\n'.encode())

    def create_for_ever(self):
        count = max((int(name[1:]) for name in self.versions if name[0] == 'n'), default=0)
        while True:
            self.write('s0', '--sync=file')
            count += 1
            self.write(f'n{count}')
            if count % 40 == 0:
                os.sync()


def mount(port, file_system, is_new):
    kind = file_system.split('-')[0]
    if is_new:
        shell(port, MAKE[kind])
    shell(port, f'mount -t {kind} {MOUNT_OPTIONS.get(file_system, "")} {DISK} {TARGET}')
    os.makedirs(DIRECTORY, exist_ok=True)
    if is_new:
        os.sync()


def main():
    port = Port()
    warm_up()
    port.tell('SAVE')
    # Here the guest is saved, and resumed in each round.
    _, file_system, how, seed, *options = port.hear()
    is_new = how == 'mkfs'
    mount(port, file_system, is_new)
    versions = look(port)
    writer = Writer(port, versions, int(seed), options)
    if is_new or not versions:
        writer.begin()
    threading.Thread(target=writer.create_for_ever, daemon=True).start()
    writer.replace_for_ever()


if __name__ == '__main__':
    sys.exit(main())

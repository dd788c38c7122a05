#!/usr/bin/env python3
"""cuts.py KERNEL-FOLDER FILE-SYSTEM CUTS [SEED]: cuts the power of a guest, and judges what is on its disk then.

FILE-SYSTEM is ext4, ext4-noalloc, ext4-writeback, xfs, btrfs or f2fs. The guest's disk has a volatile cache (disk.py): when
the power goes, which is a SIGKILL to qemu, any sector that was not flushed may be lost. The guest is booted once and saved
before it has touched the disk. Each round resumes that state: the guest mounts the disk, so that the file system recovers,
tells what is there, and writes with atomic-write until the next cut. It tells each start and each exit over a serial line
before it does anything else, so that what must be on the disk is known here.

Environment: GUEST_CACHE, ATOMIC_WRITE, and CUTS_OPTIONS, which are given to atomic-write as well (`--sync=none` must fail).
"""
import collections
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# Nothing is written beside the sources.
sys.dont_write_bytecode = True
import disk as disks

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get('GUEST_CACHE') or os.environ.get('TMPDIR', '/var/tmp') + '/atomic-write-guests'
PROGRAM = os.environ.get('ATOMIC_WRITE')
OPTIONS = os.environ.get('CUTS_OPTIONS', '-q')
# A guest that says nothing for so many seconds is stuck.
SILENCE = 120
# Images that are kept at most.
KEPT = 3


class Machine:
    """One process of qemu. Its monitor and the serial line of the results are sockets in the working directory."""

    def __init__(self, work, kernel, *more):
        self.work = work
        for name in ('serial', 'monitor'):
            if os.path.exists(f'{work}/{name}'):
                os.unlink(f'{work}/{name}')
        with open(f'{work}/qemu', 'ab') as log:
            self.process = subprocess.Popen([*self._command(kernel), *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.serial = self._connect('serial')
        self.monitor = self._connect('monitor')
        self.monitor_lines = self.monitor.makefile('r')
        self.command('qmp_capabilities')

    def _command(self, kernel):
        modules = f'{kernel}/mods.img'
        if not os.path.exists(modules):
            modules = f'{self.work}/no-modules.img'
        arguments = 'console=ttyS0 panic=-1 quiet loglevel=4 random.trust_cpu=on mitigations=off nokaslr'
        command = ['qemu-system-x86_64', '-accel', os.environ.get('GUEST_ACCEL', 'tcg,thread=multi'), '-cpu', 'max']
        command += ['-m', '640', '-smp', '2', '-display', 'none', '-nodefaults', '-no-reboot', '-no-user-config']
        command += ['-kernel', f'{kernel}/vmlinuz', '-initrd', f'{kernel}/initrd.gz', '-append', arguments]
        command += ['-serial', f'file:{self.work}/console']
        command += ['-chardev', f'socket,id=results,path={self.work}/serial,server=on,wait=off', '-serial', 'chardev:results']
        command += ['-qmp', f'unix:{self.work}/monitor,server=on,wait=off']
        for image in (f'{CACHE}/root.img', modules, f'{self.work}/input.tar'):
            command += ['-drive', f'file={image},if=virtio,format=raw,readonly=on']
        served = f'file.driver=nbd,file.server.type=unix,file.server.path={self.work}/disk'
        return [*command, '-drive', f'if=virtio,format=raw,cache=writeback,{served}']

    def _connect(self, name):
        for _ in range(600):
            conn = socket.socket(socket.AF_UNIX)
            try:
                conn.connect(f'{self.work}/{name}')
                return conn
            except OSError:
                conn.close()
                if self.process.poll() is not None:
                    raise RuntimeError('qemu ended: ' + tail(f'{self.work}/qemu', 500))
                time.sleep(0.05)
        raise RuntimeError(f'qemu has no socket {name}')

    def command(self, name, **arguments):
        """A command of the monitor; what it returns."""
        self.monitor.sendall(json.dumps({'execute': name, 'arguments': arguments}).encode() + b'\n')
        for line in self.monitor_lines:
            answer = json.loads(line)
            if 'error' in answer:
                raise RuntimeError(f'{name}: {answer["error"]}')
            if 'return' in answer:
                return answer['return']
        raise RuntimeError(f'{name}: no answer')

    def save(self, path):
        self.command('stop')
        self.command('migrate', uri=f'exec:cat >{path}')
        while (state := self.command('query-migrate')['status']) != 'completed':
            if state == 'failed':
                raise RuntimeError('the guest could not be saved')
            time.sleep(0.2)

    def resume(self):
        while self.command('query-status')['status'] == 'inmigrate':
            time.sleep(0.05)
        self.command('cont')

    def lines(self):
        """What the guest says, until it is gone or says nothing for too long."""
        self.serial.settimeout(SILENCE)
        rest = b''
        while True:
            try:
                data = self.serial.recv(65536)
            except OSError:
                return
            if not data:
                return
            *whole, rest = (rest + data).split(b'\n')
            for line in whole:
                yield line.decode(errors='replace').strip()

    def say(self, text):
        self.serial.sendall(text.encode() + b'\n')

    def kill(self):
        self.process.kill()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.serial.close()
        self.monitor_lines.close()
        self.monitor.close()


class Expectations:
    """What must be on the disk: of each file the last version that was acknowledged, and the one that was in flight."""

    def __init__(self, totals):
        self.acknowledged = {}
        self.in_flight = {}
        self.totals = totals

    def started(self, name, version):
        self.acknowledged.setdefault(name, 0)
        self.in_flight[name] = version

    def ended(self, name, version):
        self.acknowledged[name] = version
        self.in_flight.pop(name, None)
        self.totals['acknowledged'] += 1

    def failed(self, name):
        self.in_flight.pop(name, None)

    def _allowed(self, name, found):
        done = self.acknowledged[name]
        allowed = {str(done)}
        if name in self.in_flight:
            allowed.add(str(self.in_flight[name]))
        if done == 0:
            allowed.add('absent')
        # The files s... are written with --sync=file: any version, but a whole one.
        if name.startswith('s') and (found.isdigit() or (done == 0 and found == 'absent')):
            allowed.add(found)
        return allowed

    def _judge_known(self, seen):
        for name, done in list(self.acknowledged.items()):
            found = seen.get(name, 'absent')
            flight = self.in_flight.pop(name, None)
            if flight is not None:
                self.in_flight[name] = flight
                self.totals['in flight'] += 1
                self.totals['new' if found == str(flight) else 'old'] += 1
            if found not in self._allowed(name, found):
                yield f'{name}: is {found}, acknowledged {done}, in flight {flight}'
            # From here on this is what is there.
            self.in_flight.pop(name, None)
            self.acknowledged[name] = int(found) if found.isdigit() else 0
            if found == 'absent':
                del self.acknowledged[name]

    def _judge_whole(self, seen):
        for name, found in seen.items():
            if name.startswith('.aw-'):
                self.totals['leftovers'] += 1
                if not found.startswith('whole'):
                    yield f'leftover {name}: {found}'
            elif not found.isdigit():
                yield f'{name}: {found}'

    def judge(self, seen):
        """What is wrong with the files that were seen after a cut."""
        return [*self._judge_known(seen), *self._judge_whole(seen)]


class Round:
    """From one start of the guest to the next cut."""

    def __init__(self, simulator, number):
        self.simulator = simulator
        self.number = number
        self.is_first = simulator.is_new
        self.is_last = number == simulator.cuts
        self.machine = None
        self.timer = None
        self.seen = {}
        self.problems = []
        self.looked = False

    def run(self):
        simulator = self.simulator
        self.machine = Machine(simulator.work, simulator.kernel, '-incoming', f'exec:cat {simulator.work}/state', '-S')
        try:
            self.machine.resume()
            how = 'mkfs' if self.is_first else 'mount'
            self.machine.say(f'GO {simulator.file_system} {how} {simulator.seed * 1000 + self.number} {OPTIONS}')
            for line in self.machine.lines():
                self._hear(line)
        finally:
            if self.timer:
                self.timer.cancel()
            simulator.disk.cut_after(None, None)
            self.machine.end()

    def _hear(self, line):
        word, *rest = line.split(' ')
        expectations = self.simulator.expectations
        if word == 'FILE':
            self.seen[rest[0]] = ' '.join(rest[1:])
        elif word == 'LOOKED':
            self._looked()
        elif word == 'START':
            expectations.started(rest[0], int(rest[1]))
        elif word == 'END' and rest[2] == '0':
            expectations.ended(rest[0], int(rest[1]))
        elif word == 'END':
            expectations.failed(rest[0])
            self.problems.append(f'status: {line}')
        elif word == 'ERROR':
            self.problems.append(line)

    def _looked(self):
        """The guest has told everything that is there; from here on it writes."""
        self.looked = True
        if self.is_last:
            self.machine.kill()
        else:
            self._plan_cut()
        if not self.is_first:
            self.problems += self.simulator.expectations.judge(self.seen)

    def _plan_cut(self):
        """At a random moment or, four times of five, in the middle of a random write or flush."""
        rng = self.simulator.rng
        if self.is_first:
            wait = 8
        elif rng.random() < 0.8:
            self.simulator.disk.cut_after(rng.randint(1, 300), self.machine.kill)
            wait = 40
        else:
            wait = rng.uniform(0.2, 6)
        self.timer = threading.Timer(wait, self.machine.kill)
        self.timer.start()


class Simulator:
    def __init__(self, kernel, file_system, cuts, seed):
        self.kernel = kernel
        self.file_system = file_system
        self.cuts = cuts
        self.seed = seed
        self.rng = random.Random(seed)
        self.work = tempfile.mkdtemp(prefix='cuts.', dir=CACHE)
        self.disk = disks.Disk(self.work, self.rng)
        self.totals = collections.Counter()
        self.expectations = Expectations(self.totals)
        self.is_new = True  # there is no file system on the disk yet
        self.crashes = self.kept = 0
        self.started = time.time()

    def pack_input(self):
        """What /guest will have."""
        folder = f'{self.work}/input'
        shutil.copytree(f'{HERE}/inside', folder)
        os.makedirs(f'{folder}/bin')
        shutil.copy(PROGRAM, f'{folder}/bin/atomic-write')
        write(f'{folder}/now', f'{time.time():.0f}')
        # The modules are loaded before the guest is saved, for speed.
        kind = self.file_system.split('-')[0]
        write(f'{folder}/command', f'modprobe {kind} 2>/dev/null; exec python3 /guest/power_cut.py')
        subprocess.run(['tar', 'cf', f'{self.work}/input.tar', '-C', folder, '.'], check=True)
        with open(f'{self.work}/no-modules.img', 'wb') as file:
            file.truncate(65536)

    def boot_and_save(self):
        machine = Machine(self.work, self.kernel)
        try:
            for line in machine.lines():
                if line == 'SAVE':
                    break
            else:
                raise RuntimeError('the guest did not boot: ' + tail(f'{self.work}/console', 800))
            machine.save(f'{self.work}/state')
        finally:
            machine.end()
        self.say(f'saved after {self.seconds()} s, {os.path.getsize(self.work + "/state") >> 20} MiB')

    def run(self):
        disks.serve(self.disk, f'{self.work}/disk')
        self.pack_input()
        self.boot_and_save()
        for number in range(self.cuts + 1):
            if not self.one_round(number):
                break
        self.report()
        return 1 if self.totals['bad'] or self.totals['cuts'] < self.cuts else 0

    def one_round(self, number):
        """Whether there can be another one."""
        self.disk.begin_round()
        current = Round(self, number)
        current.run()
        can_go_on = current.looked
        if not current.looked and self.has_crashed(current):
            current.problems = []
            can_go_on = True
        elif not current.looked:
            current.problems.append('the guest did not mount the disk: ' + tail(f'{self.work}/console', 600))
        if current.looked:
            self.is_new = False
        if number < self.cuts:
            self.totals['lost sectors'] += self.disk.cut()
            self.totals['cuts'] += 1
        self.tell(current)
        return can_go_on

    def has_crashed(self, current):
        """A kernel that patches itself while several processors are emulated: the emulator's fault, and not counted."""
        console = tail(f'{self.work}/console', 100000)
        if 'Oops' not in console + str(current.problems) or self.crashes == 5:
            return False
        self.crashes += 1
        self.say(f'round {current.number}: the guest crashed, which is not counted: {console[-200:]!r}')
        return True

    def tell(self, current):
        for problem in current.problems:
            self.totals['bad'] += 1
            self.say(f'round {current.number}: {problem}')
        if current.problems and self.kept < KEPT:
            self.keep_image(current.number)
        if current.number % 20 == 0:
            self.say(f'round {current.number}: {self.numbers()}, {self.seconds()} s')

    def keep_image(self, number):
        """Keeps the disk as the guest found it in this round: after the cut before it."""
        folder = f'{CACHE}/cuts-failed'
        os.makedirs(folder, exist_ok=True)
        path = f'{folder}/{os.path.basename(self.kernel)}-{self.file_system}-seed{self.seed}-round{number}.img'
        subprocess.run(['cp', '--sparse=always', self.disk.start_path, path], check=True)
        self.kept += 1
        self.say(f'round {number}: the disk, as it was after the cut, is kept as {path}')

    def report(self):
        release = os.path.basename(self.kernel).removeprefix('kernel-')
        test = f'{self.totals["cuts"]} power cuts with {OPTIONS}, seed {self.seed}'
        verdict = 'FAIL' if self.totals['bad'] else 'PASS'
        load = f'{self.disk.writes} writes, {self.disk.flushes} flushes, {self.seconds()} s'
        self.say(f'R|{release}|cuts-{self.file_system}|{test}|{verdict}|{self.numbers()}; {load}')

    def numbers(self):
        names = ('cuts', 'acknowledged', 'in flight', 'old', 'new', 'leftovers', 'lost sectors', 'bad')
        return ', '.join(f'{name} {self.totals[name]}' for name in names)

    def seconds(self):
        return f'{time.time() - self.started:.0f}'

    @staticmethod
    def say(text):
        print(text, flush=True)

    def clean_up(self):
        shutil.rmtree(self.work, ignore_errors=True)


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def tail(path, count):
    with open(path, errors='replace') as file:
        return file.read()[-count:]


def main():
    if len(sys.argv) not in (4, 5) or not PROGRAM:
        sys.exit(__doc__)
    kernel, file_system, cuts = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    # An exit ends the guest and removes what was written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    simulator = Simulator(kernel.rstrip('/'), file_system, cuts, seed)
    try:
        return simulator.run()
    finally:
        simulator.clean_up()


if __name__ == '__main__':
    sys.exit(main())

"""A disk with a volatile cache, served to qemu by the protocol of network block devices (NBD)."""
import mmap
import socket
import struct
import threading

SIZE = 512 << 20
SECTOR = 4096


class PowerIsOff(Exception):
    """No request is answered any more."""


class Disk:
    """Three images: what the guest sees, what would survive now, and what the guest was started with."""

    def __init__(self, folder, rng):
        self.rng = rng
        self.lock = threading.Lock()
        self.seen = self._image(f'{folder}/seen.img')
        self.safe = self._image(f'{folder}/safe.img')
        self.start_path = f'{folder}/start.img'
        self.start = self._image(self.start_path)
        self.pending = []  # (offset, data, whether it may not be lost) of each write that no flush has covered
        self.touched = set()  # the sectors written since the start of the round
        self.writes = self.flushes = 0
        self._requests_left = None
        self._power_cut = None

    @staticmethod
    def _image(path):
        with open(path, 'wb+') as file:
            file.truncate(SIZE)
            return mmap.mmap(file.fileno(), SIZE)

    def cut_after(self, requests, power_cut):
        """Calls `power_cut` instead of answering, after so many writes and flushes; None: never."""
        with self.lock:
            self._requests_left = requests
            self._power_cut = power_cut

    def _count_request(self):
        if self._requests_left is None:
            return
        self._requests_left -= 1
        if self._requests_left <= 0:
            self._requests_left = None
            self._power_cut()
            raise PowerIsOff

    def read(self, offset, length):
        return self.seen[offset:offset + length]

    def write(self, offset, data, forced):
        with self.lock:
            self._count_request()
            self.writes += 1
            self.seen[offset:offset + len(data)] = data
            self.pending.append((offset, data, forced))
            self.touched.update(range(offset // SECTOR, (offset + len(data) - 1) // SECTOR + 1))

    def flush(self):
        with self.lock:
            self._count_request()
            self.flushes += 1
            for offset, data, _ in self.pending:
                self.safe[offset:offset + len(data)] = data
            self.pending.clear()

    def cut(self):
        """The power is off: of what no flush has covered, some sectors survive. Returns how many are lost."""
        with self.lock:
            chance = self.rng.choice([0, 0, 0.3, 0.7, 1])
            lost = 0
            for offset, data, forced in self.pending:
                for at in range(0, len(data), SECTOR):
                    if forced or self.rng.random() < chance:
                        part = data[at:at + SECTOR]
                        self.safe[offset + at:offset + at + len(part)] = part
                    else:
                        lost += 1
            self.pending.clear()
            self._copy_touched(self.safe, self.seen)
            return lost

    def begin_round(self):
        """What is there now is what the guest starts with."""
        with self.lock:
            self._copy_touched(self.seen, self.start)
            self.touched.clear()

    def _copy_touched(self, source, target):
        for sector in self.touched:
            at = sector * SECTOR
            target[at:at + SECTOR] = source[at:at + SECTOR]


class Connection:
    """One client of the server. The numbers are those of the protocol's specification."""

    FLAGS = 1 | 4 | 8  # there are flags, flushes, and writes that may not be lost (FUA)
    OPTION_EXPORT_NAME, OPTION_ABORT, OPTION_INFO, OPTION_GO = 1, 2, 6, 7
    REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED = 1, 3, 0x80000001
    READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3

    def __init__(self, disk, conn):
        self.disk = disk
        self.conn = conn

    def _receive(self, count):
        data = bytearray()
        while len(data) < count:
            more = self.conn.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return bytes(data)

    def _reply(self, option, kind, data=b''):
        self.conn.sendall(struct.pack('>QIII', 0x3e889045565a9, option, kind, len(data)) + data)

    def negotiate(self):
        self.conn.sendall(b'NBDMAGIC' + b'IHAVEOPT' + struct.pack('>H', 3))
        without_zeros = struct.unpack('>I', self._receive(4))[0] & 2
        while True:
            _, option, length = struct.unpack('>8sII', self._receive(16))
            self._receive(length)
            if option in (self.OPTION_INFO, self.OPTION_GO):
                self._reply(option, self.REPLY_INFO, struct.pack('>HQH', 0, SIZE, self.FLAGS))
                self._reply(option, self.REPLY_ACK)
                if option == self.OPTION_GO:
                    return
            elif option == self.OPTION_EXPORT_NAME:
                zeros = b'' if without_zeros else bytes(124)
                self.conn.sendall(struct.pack('>QH', SIZE, self.FLAGS) + zeros)
                return
            elif option == self.OPTION_ABORT:
                self._reply(option, self.REPLY_ACK)
                raise EOFError
            else:
                self._reply(option, self.REPLY_UNSUPPORTED)

    def answer_one(self):
        _, flags, kind, handle, offset, length = struct.unpack('>IHHQQI', self._receive(28))
        answer = struct.pack('>IIQ', 0x67446698, 0, handle)
        if kind == self.READ:
            answer += self.disk.read(offset, length)
        elif kind == self.WRITE:
            self.disk.write(offset, self._receive(length), bool(flags & 1))
        elif kind == self.FLUSH:
            self.disk.flush()
        elif kind == self.DISCONNECT:
            raise EOFError
        self.conn.sendall(answer)


def _serve(disk, listener):
    while True:
        conn, _ = listener.accept()
        connection = Connection(disk, conn)
        try:
            connection.negotiate()
            while True:
                connection.answer_one()
        except (EOFError, OSError, PowerIsOff):
            conn.close()


def serve(disk, path):
    """Serves the disk at a Unix socket, in the background."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(4)
    threading.Thread(target=_serve, args=(disk, listener), daemon=True).start()

"""Data sets: what a file must be to be read, and what a download must be to be kept."""

from __future__ import annotations

import errno
import gc
import gzip
import hashlib
import itertools
import os
import pickle
import socket
import struct
import sys
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nn.datasets import download, idx, mnist

MB = 1 << 20
CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def header(code: int, *sizes: int) -> bytes:
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}i", *sizes)


def encode(array: np.ndarray) -> bytes:
    """The IDX file that holds `array`."""
    return header(CODES[array.dtype.name], *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def bomb(start: bytes = b"") -> bytes:
    """`start` and 200 MB of zeros behind it, gzipped to 0.2 MB. Its end is left out: nobody should get there."""
    deflate = zlib.compressobj(wbits=31)
    head = deflate.compress(start) + deflate.flush(zlib.Z_FULL_FLUSH)
    return head + (deflate.compress(bytes(MB)) + deflate.flush(zlib.Z_FULL_FLUSH)) * 200


# ---------------------------------------------------------------------------------------------------- idx.read: sound


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4), (1,) * 32])
@pytest.mark.parametrize("wrap", [bytes, gz], ids=["plain", "gzipped"])
def test_a_sound_file_is_read_as_it_was_written(tmp_path, dtype, shape, wrap):
    array = (np.random.default_rng(0).standard_normal(shape) * 100).astype(dtype)
    path = tmp_path / "sound"
    path.write_bytes(wrap(encode(array)))
    read = idx.read(path)
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    assert read.dtype.isnative and read.flags.writeable and read.flags.c_contiguous
    np.testing.assert_array_equal(read, array)


def test_data_larger_than_the_pieces_it_is_read_in_is_read_whole(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (3, 1000, 1000), dtype=np.uint8)
    path = tmp_path / "large"
    for wrap in bytes, gz:
        path.write_bytes(wrap(encode(array)))
        np.testing.assert_array_equal(idx.read(str(path)), array)


def test_an_array_without_elements_keeps_its_shape(tmp_path):
    path = tmp_path / "empty"
    path.write_bytes(header(0x08, 0, 28, 28))
    assert idx.read(path).shape == (0, 28, 28)


# -------------------------------------------------------------------------------------------------- idx.read: hostile

TEN = header(0x08, 10) + bytes(range(10))

HOSTILE = {  # a name: the bytes of the file, a part of the reason given
    "nothing": (b"", "ends after 0 bytes"),
    "a byte": (b"\0", "ends after 1 bytes"),
    "most of a magic number": (TEN[:3], "ends after 3 bytes"),
    "a first byte that is not 0": (b"\1" + TEN[1:], "starts with 01 00 08 01"),
    "a second byte that is not 0": (b"\0\1" + TEN[2:], "starts with 00 01 08 01"),
    "dtype code 0": (header(0x00, 10) + bytes(10), "starts with 00 00 00 01"),
    "dtype code 0x0A": (header(0x0A, 10) + bytes(10), "starts with 00 00 0a 01"),
    "a little-endian magic number": (TEN[3::-1] + TEN[4:], "starts with 01 08 00 00"),
    "a web page": (b"<!DOCTYPE html><html>403</html>", "starts with 3c 21 44 4f"),
    "a zip archive": (b"PK\3\4" + bytes(100), "starts with 50 4b 03 04"),
    "a pickle": (pickle.dumps(list(range(10))), "starts with 80"),
    "no dimension": (b"\0\0\x08\0" + bytes(1), "0 dimensions"),
    "33 dimensions": (header(0x08, *[1] * 33) + bytes(1), "33 dimensions"),
    "255 dimensions": (header(0x08, *[1] * 255) + bytes(1), "255 dimensions"),
    "sizes that end early": (header(0x08, 1, 1, 1)[:-1], "middle of the sizes"),
    "a negative size": (header(0x08, -10) + bytes(10), "no negative size"),
    "two negative sizes with a positive product": (header(0x08, -2, -5) + bytes(10), "no negative size"),
    "a byte too few": (TEN[:-1], "but it holds 9"),
    "a byte too many": (TEN + b"\0", "but it holds more"),
    "elements half as wide as stated": (header(0x0E, 10) + bytes(40), "80 bytes, but it holds 40"),
    "a size that wraps to 0 in 32 bits": (header(0x08, 65536, 65536), "above max_bytes"),
    "a size that wraps to 0 in 64 bits": (header(0x08, *[65536] * 4), "above max_bytes"),
    "a size beyond 64 bits": (header(0x0E, *[2**31 - 1] * 32), "above max_bytes"),
    "a size beyond 64 bits, times 0": (header(0x08, 0, *[2**31 - 1] * 4), "too big"),
    "10 bytes that claim 2 GB": (header(0x08, 2**31 - 1) + bytes(10), "above max_bytes=1,073,741,824"),
    "10 bytes that claim 1 GB": (header(0x08, 2**30) + bytes(10), "1,073,741,824 bytes, but it holds 10"),
    "gzip: its two first bytes": (b"\x1f\x8b", "cut short"),
    "gzip: its header only": (gz(TEN)[:10], "cut short"),
    "gzip: half of it": (gz(TEN)[:15], "cut short"),
    "gzip: no checksum at the end": (gz(TEN)[:-8], "cut short"),
    "gzip: a byte less": (gz(TEN)[:-1], "cut short"),
    "gzip: a wrong checksum": (gz(TEN)[:-8] + bytes(4) + gz(TEN)[-4:], "incorrect data check"),
    "gzip: a wrong length": (gz(TEN)[:-4] + bytes(4), "incorrect length check"),
    "gzip: a flipped bit in the data": (gz(TEN)[:20] + bytes([gz(TEN)[20] ^ 1]) + gz(TEN)[21:], ""),
    "gzip: an unknown method": (b"\x1f\x8b\x07" + gz(TEN)[3:], "unknown compression method"),
    "gzip: text behind it": (gz(TEN) + b"behind", "behind the end"),
    "gzip: zeros behind it": (gz(TEN) + bytes(512), "behind the end"),
    "gzip: another one behind it": (gz(TEN) + gz(b""), "behind the end"),
    "gzip: the data in two of them": (gz(TEN[:12]) + gz(TEN[12:]), "behind the end"),
    "gzip: nothing in it": (gz(b""), "ends after 0 bytes"),
    "gzip: gzipped twice": (gz(gz(TEN)), "starts with 1f 8b"),
    "gzip: a byte too few in it": (gz(TEN[:-1]), "but it holds 9"),
    "gzip: a byte too many in it": (gz(TEN + b"\0"), "but it holds more"),
    "gzip: 100 bytes that claim 1 GB": (gz(header(0x08, 2**30) + bytes(10)), "but it holds at most"),
    "gzip: 100 bytes that claim 2 GB": (gz(header(0x08, 2**31 - 1) + bytes(10)), "above max_bytes"),
    "bomb: 200 MB without a header": (bomb(), "starts with 00 00 00 00"),
    "bomb: 200 MB behind the 10 stated": (bomb(TEN), "but it holds more"),
    "bomb: 200 MB where none is stated": (bomb(header(0x08, 0)), "but it holds more"),
    "bomb: 200 MB that claim 2 GB": (bomb(header(0x0E, 2**28)), "above max_bytes"),
    "bomb: 200 MB that claim 1 GB": (bomb(header(0x0E, 2**27)), "but it holds at most"),
}


@contextmanager
def within(seconds: float, megabytes: float):
    gc.collect()
    tracemalloc.start()
    start = time.perf_counter()
    try:
        yield
        took, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < seconds
    assert peak < megabytes * MB


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_at_once_with_its_name_and_the_reason(tmp_path, content, reason):
    path = tmp_path / "hostile-idx"
    path.write_bytes(content)
    with within(seconds=1, megabytes=8), pytest.raises(ValueError, match=r"hostile-idx.*IDX") as refusal:
        idx.read(path)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("wrap", [bytes, gz], ids=["plain", "gzipped"])
def test_a_file_cut_anywhere_is_refused(tmp_path, wrap):
    path = tmp_path / "cut"
    whole = wrap(encode(np.arange(6, dtype=np.float32).reshape(2, 3)))
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError):
            idx.read(path)


def test_max_bytes_is_the_largest_array_that_is_accepted(tmp_path):
    path = tmp_path / "ten"
    path.write_bytes(TEN)
    assert idx.read(path, max_bytes=10).nbytes == 10
    with pytest.raises(ValueError, match="10 bytes, above max_bytes=9; raise max_bytes if you trust"):
        idx.read(path, max_bytes=9)


def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path):
    special = [tmp_path]
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        special.append(tmp_path / "pipe")
    special += [device for device in (Path("/dev/zero"), Path("/dev/tty")) if device.exists()]
    for path in special:
        with within(seconds=1, megabytes=8), pytest.raises(ValueError, match="give a regular file"):
            idx.read(path)


def test_a_missing_file_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        idx.read(tmp_path / "absent")


# -------------------------------------------------------------------------------------------- mnist.load_data: a folder


@pytest.fixture(scope="module")
def real_folder() -> Path:
    beside = Path(__file__).resolve().parents[3] / "shared" / "mnist"
    folder = Path(os.environ.get("TINYGRAD_LITE_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("no real MNIST here: put its four .gz files in a folder and set TINYGRAD_LITE_DATA to it")
    return folder


def test_the_real_digits_come_with_keras_shapes_dtypes_and_labels(real_folder):
    (x_train, y_train), (x_test, y_test) = mnist.load_data(real_folder)
    assert [a.shape for a in (x_train, y_train, x_test, y_test)] == [
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    ]
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert (x_train.min(), x_train.max()) == (0, 255)


def test_the_sizes_and_digests_asked_of_a_download_are_those_of_the_real_files(real_folder):
    for name, (size, digest) in mnist.FILES.items():
        data = (real_folder / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)


TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = mnist.FILES


def small_mnist() -> dict[str, np.ndarray]:
    """Five images to train on and three to test, by file name."""
    rng = np.random.default_rng(0)
    return {
        TRAIN_IMAGES: rng.integers(0, 256, (5, 28, 28), dtype=np.uint8),
        TRAIN_LABELS: np.array([5, 0, 4, 1, 9], np.uint8),
        TEST_IMAGES: rng.integers(0, 256, (3, 28, 28), dtype=np.uint8),
        TEST_LABELS: np.array([7, 2, 1], np.uint8),
    }


def write_folder(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        (folder / name).write_bytes(gz(encode(array)))
    return folder


def assert_small_mnist(loaded) -> None:
    for array, expected in zip(itertools.chain(*loaded), small_mnist().values(), strict=True):
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, expected)


@pytest.fixture
def no_mirrors(monkeypatch):
    """Any download fails at once."""
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(download, "urlopen", lambda *args, **kwargs: pytest.fail("the network was used"))


@pytest.mark.usefixtures("no_mirrors")
class TestFolder:
    def test_the_variable_names_the_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TINYGRAD_LITE_DATA", str(write_folder(tmp_path, small_mnist())))
        assert_small_mnist(mnist.load_data())

    def test_the_argument_wins_over_the_variable(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TINYGRAD_LITE_DATA", str(tmp_path / "absent"))
        assert_small_mnist(mnist.load_data(write_folder(tmp_path, small_mnist())))

    def test_files_may_be_unzipped(self, tmp_path):
        write_folder(tmp_path, small_mnist())
        for name in TRAIN_IMAGES, TEST_LABELS:
            zipped = tmp_path / name
            zipped.with_suffix("").write_bytes(gzip.decompress(zipped.read_bytes()))
            zipped.unlink()
        assert_small_mnist(mnist.load_data(str(tmp_path)))

    def test_missing_files_are_named_with_their_folder(self, tmp_path, monkeypatch):
        write_folder(tmp_path, small_mnist())
        (tmp_path / TRAIN_LABELS).unlink()
        (tmp_path / TEST_IMAGES).unlink()
        monkeypatch.setenv("TINYGRAD_LITE_DATA", str(tmp_path))
        with pytest.raises(FileNotFoundError) as error:
            mnist.load_data()
        for part in TRAIN_LABELS, TEST_IMAGES, str(tmp_path), "TINYGRAD_LITE_DATA":
            assert part in str(error.value)
        assert TRAIN_IMAGES not in str(error.value)

    def test_a_missing_folder_is_a_file_not_found_error(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="absent"):
            mnist.load_data(tmp_path / "absent")

    @pytest.mark.parametrize(
        ("name", "array", "reason"),
        [
            (TRAIN_IMAGES, np.zeros((5, 28, 28), np.float32), "float32 of shape"),
            (TRAIN_IMAGES, np.zeros((5, 784), np.uint8), r"\(5, 784\); expected uint8 of shape \(n, 28, 28\)"),
            (TEST_IMAGES, np.zeros((3, 28, 27), np.uint8), r"\(3, 28, 27\); expected"),
            (TEST_IMAGES, np.zeros((0, 28, 28), np.uint8), r"\(0, 28, 28\); expected"),
            (TRAIN_IMAGES, np.zeros(5, np.uint8), r"\(5,\); expected"),
            (TRAIN_LABELS, np.zeros(5, np.int32), "int32 of shape"),
            (TRAIN_LABELS, np.zeros((5, 1), np.uint8), r"\(5, 1\); expected uint8 of shape \(5,\)"),
            (TRAIN_LABELS, np.zeros(4, np.uint8), r"\(4,\); expected uint8 of shape \(5,\), a label for each image"),
            (TEST_LABELS, np.array([0, 9, 10], np.uint8), "label 10 at index 2; expected 0 to 9"),
        ],
    )
    def test_files_that_are_not_of_its_form_are_refused(self, tmp_path, name, array, reason):
        write_folder(tmp_path, small_mnist() | {name: array})
        with pytest.raises(ValueError, match=f"{name}.*{reason}"):
            mnist.load_data(tmp_path)


# ---------------------------------------------------------------------------------------- mnist.load_data: the download


class Net:
    """Three mirrors on this machine: each answers as the function that `answers` holds for it."""

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.answers = [good, good, good]
        self.asked: list[tuple[int, str]] = []
        self.over = threading.Event()  # set when whoever waits may go

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        _, mirror, name = handler.path.split("/")
        self.asked.append((int(mirror), name))
        with suppress(ConnectionError):  # hung up on
            self.answers[int(mirror)](self, handler, self.files[name])


def reply(handler, data, length=None):
    handler.send_response(200)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()
    handler.wfile.write(data)


def good(net, handler, data):
    reply(handler, data, len(data))


def without_length(net, handler, data):
    reply(handler, data)


def wrong_bytes(net, handler, data):
    reply(handler, data[:-1] + bytes([data[-1] ^ 1]), len(data))


def a_web_page(net, handler, data):
    reply(handler, b"<html>log in to this hotel's network</html>")


def truncated(net, handler, data):
    reply(handler, data[: len(data) // 2], len(data))


def endless(net, handler, data):
    reply(handler, b"")
    while not net.over.is_set():
        handler.wfile.write(bytes(MB))


def forbidden(net, handler, data):
    handler.send_error(403)


def hangs_up(net, handler, data):
    pass


def not_http(net, handler, data):
    handler.wfile.write(b"\33[2J" * 1000)


def silent(net, handler, data):
    net.over.wait(10)
    reply(handler, data)


def stalls(net, handler, data):
    reply(handler, data[:10], len(data))
    net.over.wait(10)


def drips(net, handler, data):
    reply(handler, b"", len(data))
    for byte in data:
        handler.wfile.write(bytes([byte]))
        net.over.wait(0.02)


BAD = {  # what a mirror may do, and what the error says of it
    wrong_bytes: "SHA-256",
    a_web_page: "cut short",
    truncated: "cut short",
    endless: "SHA-256",
    forbidden: "403",
    hangs_up: "closed connection",
    not_http: "BadStatusLine",
    silent: "no answer within 0.3 s",
    stalls: "timed out",
    drips: "too slow",
}


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "tinygrad_lite" / "mnist"


@pytest.fixture
def net(monkeypatch, cache):
    files = {name: gz(encode(array)) for name, array in small_mnist().items()}
    net = Net(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            net.serve(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing it waits for them
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    monkeypatch.delenv("TINYGRAD_LITE_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(mnist, "MIRRORS", tuple(f"http://127.0.0.1:{server.server_port}/{i}/" for i in range(3)))
    sizes_and_digests = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
    monkeypatch.setattr(mnist, "FILES", sizes_and_digests)
    monkeypatch.setattr(download, "_SLOWEST", 1e6)
    yield net
    net.over.set()
    server.shutdown()
    server.server_close()
    serving.join()
    for thread in threading.enumerate():
        if thread.name.startswith("connect to"):
            thread.join(5)
    gc.collect()  # now a connection left open would warn


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*")}


def test_what_is_not_there_is_downloaded_and_kept_as_it_was_served(net, cache):
    assert_small_mnist(mnist.load_data())
    assert net.asked == [(0, name) for name in mnist.FILES]
    assert content(cache) == net.files


def test_the_second_call_needs_no_network(net, cache):
    mnist.load_data()
    net.asked.clear()
    assert_small_mnist(mnist.load_data())
    assert net.asked == []


def test_an_empty_variable_is_no_folder(net, cache, monkeypatch):
    monkeypatch.setenv("TINYGRAD_LITE_DATA", "")
    assert_small_mnist(mnist.load_data())


@pytest.mark.parametrize("bad", BAD)
def test_when_a_mirror_is_bad_the_next_serves(net, cache, bad):
    net.answers = [bad, good, good]
    assert_small_mnist(mnist.load_data(timeout=1.5))
    assert content(cache) == net.files
    # The mirror that served is asked first for the rest.
    assert net.asked == [(0, TRAIN_IMAGES), *((1, name) for name in mnist.FILES)]


@pytest.mark.parametrize(("bad", "reason"), BAD.items())
def test_when_every_mirror_is_bad_the_error_says_why_and_nothing_is_kept(net, cache, bad, reason):
    net.answers = [bad, bad, bad]
    with pytest.raises(ConnectionError) as error:
        mnist.load_data(timeout=0.9)
    lines = str(error.value).splitlines()
    for mirror, line in zip(mnist.MIRRORS, lines[1:4], strict=True):
        assert mirror + TRAIN_IMAGES in line and reason in line
        assert line.isprintable() and len(line) < 400
    assert all(word in lines[4] for word in ("TINYGRAD_LITE_DATA", *mnist.FILES))
    assert content(cache.parent.parent) == {}
    assert net.asked == [(i, TRAIN_IMAGES) for i in range(3)]  # the other three files are not tried


def test_what_a_mirror_sends_behind_the_expected_size_is_never_read(net, cache):
    def and_on(net, handler, data):
        reply(handler, data)
        endless(net, handler, data)

    net.answers = [and_on, and_on, and_on]
    with within(seconds=5, megabytes=8):
        assert_small_mnist(mnist.load_data())
    assert content(cache) == net.files


def test_an_answer_without_a_length_is_good(net, cache):
    net.answers = [without_length] * 3
    assert_small_mnist(mnist.load_data())


def test_silent_mirrors_share_one_timeout(net, cache):
    net.answers = [silent] * 3
    start = time.perf_counter()
    with pytest.raises(ConnectionError):
        mnist.load_data(timeout=0.9)
    assert 0.8 < time.perf_counter() - start < 2.0


def test_a_name_look_up_that_hangs_counts_for_the_timeout(net, cache, monkeypatch):
    def look_up(*args, **kwargs):
        net.over.wait(10)
        raise socket.gaierror("no name server")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    start = time.perf_counter()
    with pytest.raises(ConnectionError, match="no answer"):
        mnist.load_data(timeout=0.9)
    assert time.perf_counter() - start < 2.0


def test_an_answer_that_comes_too_late_is_closed(net, cache, monkeypatch):
    closed = threading.Event()

    class Late:
        close = closed.set

    def urlopen(url, timeout):
        net.over.wait(10)
        return Late()

    monkeypatch.setattr(download, "urlopen", urlopen)
    with pytest.raises(ConnectionError, match="no answer"):
        mnist.load_data(timeout=0.1)
    net.over.set()
    assert closed.wait(5)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf")])
def test_a_timeout_that_is_no_positive_number_is_refused(net, cache, timeout):
    with pytest.raises(ValueError, match=r"timeout is .*; expected a positive number"):
        mnist.load_data(timeout=timeout)
    assert net.asked == []


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[:20] + b"?" + data[21:], lambda data: b""],
    ids=["shorter", "longer", "changed", "empty"],
)
def test_a_damaged_file_in_the_cache_is_downloaded_again(net, cache, damage):
    mnist.load_data()
    net.asked.clear()
    (cache / TEST_IMAGES).write_bytes(damage(net.files[TEST_IMAGES]))
    assert_small_mnist(mnist.load_data())
    assert net.asked == [(0, TEST_IMAGES)]
    assert content(cache) == net.files


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes in folders are a POSIX thing")
def test_a_pipe_in_the_cache_is_replaced_without_waiting(net, cache):
    cache.mkdir(parents=True)
    os.mkfifo(cache / TRAIN_IMAGES)
    assert_small_mnist(mnist.load_data())
    assert content(cache) == net.files


def test_a_damaged_file_is_not_served_for_want_of_a_better_one(net, cache):
    mnist.load_data()
    (cache / TEST_LABELS).write_bytes(gz(encode(np.zeros(3, np.uint8))))
    net.answers = [forbidden] * 3
    for _ in range(2):
        with pytest.raises(ConnectionError):
            mnist.load_data()


def test_an_interrupt_while_data_arrives_leaves_whole_files_only(net, cache, monkeypatch):
    def interrupt(count):
        raise KeyboardInterrupt

    @contextmanager
    def progress(name, size):
        yield interrupt if name == TEST_IMAGES else lambda count: None

    with monkeypatch.context() as patch:
        patch.setattr(download, "_progress", progress)
        with pytest.raises(KeyboardInterrupt):
            mnist.load_data()
    assert content(cache) == {name: net.files[name] for name in (TRAIN_IMAGES, TRAIN_LABELS)}
    assert_small_mnist(mnist.load_data())


@pytest.mark.parametrize(
    ("failure", "seen"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "No space left on device"), OSError)],
    ids=["interrupt", "full disk"],
)
def test_a_write_that_fails_leaves_no_litter(net, cache, monkeypatch, failure, seen):
    def replace(source, target):
        assert Path(source).parent == Path(target).parent == cache
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        with pytest.raises(seen):
            mnist.load_data()
    assert content(cache) == {}
    assert_small_mnist(mnist.load_data())


def test_a_cache_folder_that_cannot_be_made_is_named_with_what_to_do(net, cache):
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file where a folder should be")
    with pytest.raises(OSError, match=r"cannot keep downloads in this folder.*TINYGRAD_LITE_DATA") as error:
        mnist.load_data()
    assert error.value.filename == str(cache)


def test_what_another_process_puts_there_meanwhile_is_left_alone(net, cache, monkeypatch):
    def found_nothing_just_before_another_process_wrote_it(path, size, sha256):
        cache.mkdir(parents=True)
        path.write_bytes(net.files[path.name])
        return False

    net.answers = [forbidden] * 3
    monkeypatch.setattr(download, "_is_sound", found_nothing_just_before_another_process_wrote_it)
    with pytest.raises(ConnectionError):
        mnist.load_data()
    assert content(cache) == {TRAIN_IMAGES: net.files[TRAIN_IMAGES]}


def test_several_may_download_at_once(net, cache):
    loaded = []
    together = threading.Barrier(8)

    def load():
        together.wait()
        loaded.append(mnist.load_data(timeout=30))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 8
    for each in loaded:
        assert_small_mnist(each)
    assert content(cache) == net.files


def test_without_tqdm_each_download_is_a_line(net, cache, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    mnist.load_data()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Downloading {name} ({len(data) / 1e6:.1f} MB)" for name, data in net.files.items()]
    mnist.load_data()
    assert capsys.readouterr().err == ""


def test_with_tqdm_each_download_is_a_bar_that_fills(net, cache, capsys):
    pytest.importorskip("tqdm")
    mnist.load_data()
    shown = capsys.readouterr().err
    for name in mnist.FILES:
        assert f"{name}: 100%" in shown


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches"),
        ("linux", {}, "~/.cache"),
        ("linux", {"XDG_CACHE_HOME": ""}, "~/.cache"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "~/.cache"),
        ("darwin", {}, "~/Library/Caches"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local"),
        ("win32", {}, "~/AppData/Local"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_caches(monkeypatch, platform, variables, folder):
    for variable in "XDG_CACHE_HOME", "LOCALAPPDATA":
        monkeypatch.delenv(variable, raising=False)
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert download.cache_folder() == Path(folder).expanduser() / "tinygrad_lite"

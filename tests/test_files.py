"""Files that are whole, written by tinygrad_lite.files.write."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tinygrad_lite import files

LEFT = files._BEGIN + "left" + files._END


@pytest.fixture(params=["without a name", "named"])
def way(request, monkeypatch):
    """Both ways of writing beside: Linux's, and the one for all other systems."""
    if request.param == "named":
        monkeypatch.setattr(files, "_UNNAMED", 0)
    elif not files._UNNAMED:
        pytest.skip("this system has no files without a name")
    return request.param


@pytest.mark.usefixtures("way")
def test_bytes_and_buffers_are_written_one_after_the_other(tmp_path):
    path = tmp_path / "file"
    assert files.write(path, b"whole") == path
    assert path.read_bytes() == b"whole"
    pieces = [b"ab", memoryview(b"cd"), np.arange(3, dtype=np.uint8), np.zeros((0, 3)), np.array(7, np.uint8)]
    assert files.write(str(path), iter(pieces)).read_bytes() == b"abcd\0\1\2\7"
    files.write(path, [])
    assert path.read_bytes() == b""
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.usefixtures("way")
def test_the_mode_stays_and_a_new_file_has_the_usual_one(tmp_path):
    path, usual = tmp_path / "file", tmp_path / "usual"
    for umask in (0o022, 0o077, 0o002):
        before = os.umask(umask)
        try:
            files.write(path, b"new")
            usual.write_bytes(b"")
        finally:
            os.umask(before)
        assert path.stat().st_mode == usual.stat().st_mode
        path.unlink(), usual.unlink()
    path.write_bytes(b"")
    for mode in (0o600, 0o640, 0o666, 0o751):
        path.chmod(mode)
        files.write(path, b"again")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.usefixtures("way")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    os.chown(path, 1234, 5678)
    path.chmod(0o640)
    files.write(path, b"new")
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 5678, 0o640)


@pytest.mark.usefixtures("way")
def test_a_link_stays_a_link_also_one_that_leads_nowhere_yet(tmp_path):
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link", tmp_path / "far/file"
    link.symlink_to("far/file")
    for content in (b"first", b"second"):
        files.write(link, content)
        assert link.is_symlink() and not target.is_symlink()
        assert target.read_bytes() == content
    assert os.listdir(tmp_path / "far") == ["file"]


def test_what_is_no_ordinary_file_is_refused_before_the_content_is_asked_for(tmp_path):
    folder, pipe, place = tmp_path / "folder", tmp_path / "pipe", tmp_path / "socket"
    folder.mkdir()
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    asked = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        before = sorted(os.listdir(tmp_path))
        for path in (folder, pipe, place, "/dev/null", "/dev/full", tmp_path, "", loop):
            with pytest.raises(OSError, match=r"not an ordinary file|symbolic links"):
                files.write(path, (asked.append(path) for _ in range(1)))
    assert not asked
    assert sorted(os.listdir(tmp_path)) == before


def test_a_pipe_behind_a_link_of_the_system_is_refused():
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError, match="not an ordinary file"):
            files.write(f"/proc/self/fd/{writing}", b"")
    finally:
        os.close(reading), os.close(writing)


def test_a_read_only_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    with pytest.raises(PermissionError, match="file is read-only"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent'"):
        files.write(tmp_path / "absent/file", b"")
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(NotADirectoryError):
        files.write(tmp_path / "file/file", b"")


def fails(error):
    def fail(*args, **options):
        raise error

    return fail


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("there", [True, False], ids=["replaced", "new"])
@pytest.mark.parametrize("step", ["content", "type", "interrupt", "fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, step, there):
    fail_at(step, tmp_path, monkeypatch, there)


def test_a_mode_that_cannot_be_kept_or_a_name_that_cannot_be_given_are_failures_too(tmp_path, monkeypatch):
    fail_at("chmod", tmp_path, monkeypatch, there=True)
    if files._UNNAMED:
        fail_at("link", tmp_path, monkeypatch, there=True)


def fail_at(step, tmp_path, monkeypatch, there):
    path = tmp_path / "file"
    if there:
        path.write_bytes(b"old")
    full = OSError(errno.ENOSPC, "No space left on device")
    error = KeyboardInterrupt() if step == "interrupt" else full
    pieces = [b"new" * 10_000, "text" if step == "type" else b""]

    def content():
        yield from pieces
        if step in ("content", "interrupt"):
            raise error

    if step in ("fsync", "link", "replace", "chmod"):
        monkeypatch.setattr(os, step, fails(error))
    with pytest.raises((TypeError, OSError, KeyboardInterrupt)) as caught:
        files.write(path, content())
    if isinstance(caught.value, OSError):
        assert str(caught.value) == f"[Errno 28] No space left on device: {str(path)!r}"
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ["file"] * there
    assert not there or path.read_bytes() == b"old"


@pytest.mark.usefixtures("way")
def test_several_writers_of_one_file_each_write_it_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"")
    failed, seen, done = [], set(), threading.Event()

    def write(letter):
        try:
            for _ in range(20):
                files.write(path, [letter * 1000] * 100)
        except BaseException as error:
            failed.append(error)

    def look():
        while not done.is_set():
            content = path.read_bytes()
            seen.add((len(content), len(set(content))))

    threads = [threading.Thread(target=write, args=(bytes([65 + i]),)) for i in range(4)]
    reader = threading.Thread(target=look)
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert not failed
    assert seen <= {(0, 0), (100_000, 1)} and (100_000, 1) in seen
    assert os.listdir(tmp_path) == ["file"]


WRITER = """
import os, sys, time
from tinygrad_lite import files

path, way, moment = sys.argv[1:]
if way == "named":
    files._UNNAMED = 0

def hold(*names):
    print(moment, flush=True)
    time.sleep(60)

def content():
    yield b"new"
    if moment == "writing":
        hold()

os.replace = hold
files.write(path, content())
"""


@pytest.mark.parametrize("moment", ["writing", "renaming"])
def test_what_a_killed_writer_leaves_is_gone_after_the_next_write_but_not_what_one_is_writing(tmp_path, way, moment):
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_bytes(b"old")
    command = [sys.executable, "-c", WRITER, str(path), way, moment]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == moment + "\n"
        named = moment == "renaming" or way == "named"
        files.write(other, b"")
        assert len(os.listdir(tmp_path)) == 2 + named  # it is alive
        writer.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    assert len(os.listdir(tmp_path)) == 2 + named
    files.write(path, b"new")
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_only_what_is_ours_is_swept_away(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"kept")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".tinygrad_lite.tmp").write_bytes(b"kept")
    (folder / "other.tmp").write_bytes(b"kept")
    (folder / LEFT).symlink_to(elsewhere)
    before = sorted(os.listdir(folder))
    start = time.perf_counter()
    os.mkfifo(folder / (files._BEGIN + "pipe" + files._END))
    files.write(folder / "file", b"")
    assert time.perf_counter() - start < 5
    assert elsewhere.read_bytes() == b"kept"
    assert set(before) <= set(os.listdir(folder))


def test_what_is_swept_away_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_UNNAMED", 0)
    lock, swept = files._lock, []

    def swept_first(descriptor):
        if not swept:
            swept.append(True)
            files._sweep(str(tmp_path))
        lock(descriptor)

    monkeypatch.setattr(files, "_lock", swept_first)
    files.write(tmp_path / "file", b"new")
    assert swept
    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]

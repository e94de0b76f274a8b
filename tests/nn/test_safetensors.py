"""The safetensors format: what others read and write, and what is refused."""

import json
import os
import time
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks.faults.hostile_files import HOSTILE, entry, file
from nn import files
from nn.files import header, safetensors

MB = 1_000_000


def arrays():
    """An array of each dtype and of each way to lie in memory, by what is special about it."""
    rng = np.random.default_rng(0)
    found = {}
    for kind, dtype in header.DTYPES.items():
        found[kind] = rng.integers(0, 256, (3, 4, dtype.itemsize), np.uint8).view(dtype)[..., 0]
    found["BOOL"] = rng.integers(0, 2, (3, 4)).astype(bool)
    matrix = rng.standard_normal((4, 6)).astype(np.float32)
    found |= {
        "transposed": matrix.T,
        "every other": matrix[::2, 1::3],
        "backwards": matrix[::-1, ::-1],
        "broadcast": np.broadcast_to(matrix[0], (5, 6)),
        "Fortran order": np.asfortranarray(matrix),
        "big-endian": matrix.astype(">f4"),
        "big-endian integers": np.arange(7, dtype=">i8")[::2],
        "0-d": np.array(3.5),
        "0-d of one byte": np.array(3, np.uint8),
        "empty": np.zeros((0,), np.float16),
        "empty of three axes": np.zeros((3, 0, 2), np.int32),
        "of 64 axes": np.ones((1,) * 64, np.int8),
        "not aligned": np.zeros(9, np.uint8)[1:].view(np.float64),
        "not writeable": np.asarray(memoryview(b"abc")),
        "infinite": np.array([np.inf, -np.inf, np.nan, -0.0]),
        "": np.arange(3),
        'näme with ☃ and "quotes\\" and \n': np.arange(2),
    }
    return found


def assert_same(given, expected):
    assert given.dtype == expected.dtype.newbyteorder("=")
    assert given.dtype.isnative
    assert given.shape == expected.shape
    assert np.ascontiguousarray(given).tobytes() == np.ascontiguousarray(expected.astype(given.dtype)).tobytes()


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "file"
    assert files.save(path, arrays()) == path
    loaded = files.load(path)
    assert [*loaded] == [*arrays()]
    for name, array in arrays().items():
        assert_same(loaded[name], array)
        loaded[name][...] = 0  # it is the caller's own
    assert not any(array.any() for array in loaded.values())


def test_another_library_reads_what_we_write(tmp_path, safetensors):
    path = tmp_path / "file"
    files.save(path, arrays())
    loaded = safetensors.load_file(path)
    assert {*loaded} == {*arrays()}
    for name, array in arrays().items():
        assert_same(loaded[name], array)


def test_what_another_library_writes_is_read(tmp_path, safetensors):
    path = tmp_path / "file"
    given = {
        name: np.ascontiguousarray(a.astype(a.dtype.newbyteorder("="))).reshape(a.shape) for name, a in arrays().items()
    }
    safetensors.save_file(given, path, metadata={"format": "pt", "": "anything"})
    loaded = files.load(path)
    assert {*loaded} == {*given}
    for name, array in given.items():
        assert_same(loaded[name], array)


def test_bfloat16_comes_as_float32_exactly(tmp_path, torch, safetensors):
    import safetensors.torch

    path = tmp_path / "file"
    given = torch.randn(1000, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16).reshape(10, 100)
    safetensors.torch.save_file({"a": given, "b": torch.tensor(float("nan"), dtype=torch.bfloat16)}, path)
    loaded = files.load(path)
    assert loaded["a"].dtype == np.float32
    np.testing.assert_array_equal(loaded["a"], given.float().numpy())
    assert loaded["b"].shape == () and np.isnan(loaded["b"])


def test_a_flat_dict_of_arrays_is_for_everybody_just_that(tmp_path):
    path = tmp_path / "file"
    files.save(
        path, {"dense.kernel": np.ones((2, 3), np.float32), "n": np.arange(2), "dense.bias": np.zeros(3, np.float32)}
    )
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    members = json.loads(content[8 : 8 + length])
    assert {*members.pop("__metadata__")} == {"tinygrad_lite.format", "tinygrad_lite.sha256"}
    assert members == {
        "dense.kernel": {"dtype": "F32", "shape": [2, 3], "data_offsets": [16, 40]},
        "n": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]},
        "dense.bias": {"dtype": "F32", "shape": [3], "data_offsets": [40, 52]},
    }
    assert length % 8 == 0
    assert len(content) == 8 + length + 52


def test_a_file_is_the_same_for_the_same_arrays(tmp_path):
    first, second = (files.save(tmp_path / name, arrays()).read_bytes() for name in "ab")
    assert first == second


@pytest.fixture
def small(tmp_path):
    """A small file with everything in it."""
    nest = {"a": np.arange(5, dtype=np.float32), "b": {"c": np.array([True]), "$": None}, "seed": 1 << 100}
    return files.save(tmp_path / "small", nest)


def assert_damage_is_noticed(path, content):
    with path.open("r+b") as file:  # faster than a new file
        file.write(content)
        file.truncate()
    with pytest.raises(ValueError, match="cannot read"):
        files.load(path)


def flipped(content, bit):
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return damaged


def test_every_flipped_bit_is_noticed(small, tmp_path):
    content = small.read_bytes()
    for bit in np.random.default_rng(1).choice(8 * len(content), 500, replace=False).tolist():
        assert_damage_is_noticed(small, flipped(content, bit))
    content = files.save(tmp_path / "flat", {"a": np.arange(3, dtype=np.uint8)}).read_bytes()
    for bit in range(8 * len(content)):
        assert_damage_is_noticed(small, flipped(content, bit))
    files.load(tmp_path / "flat")


def test_every_byte_that_is_another_is_noticed(small):
    content = small.read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(300):
        place, other = rng.integers(len(content)), bytes(rng.integers(256, size=1, dtype=np.uint8))
        if content[place : place + 1] != other:
            assert_damage_is_noticed(small, content[:place] + other + content[place + 1 :])


def test_a_file_cut_anywhere_or_with_more_behind_is_refused(small):
    content = small.read_bytes()
    for length in range(len(content)):
        assert_damage_is_noticed(small, content[:length])
    assert_damage_is_noticed(small, content + b"\0")


def test_a_later_version_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors, "_VERSION", "2")
    path = files.save(tmp_path / "file", {})
    monkeypatch.undo()
    with pytest.raises(ValueError, match="later version of tinygrad_lite: install"):
        files.load(path)


@contextmanager
def within(seconds, megabytes):
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        took, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < seconds
    assert peak < megabytes * MB


def test_saving_takes_no_memory_and_loading_what_the_arrays_take(tmp_path):
    path, array = tmp_path / "large", np.ones((2500, 1000), np.float32)
    with within(seconds=5, megabytes=3):
        files.save(path, {"a": array, "b": [array]})
    with within(seconds=5, megabytes=23):
        files.load(path)


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_at_once_with_its_name_and_the_reason(tmp_path, content, reason):
    path = tmp_path / "hostile"
    path.write_bytes(content)
    with within(seconds=1, megabytes=8 + 3 * len(content) / MB), pytest.raises(ValueError, match="hostile") as refusal:
        files.load(path)
    assert reason in str(refusal.value).replace(str(path), "")
    assert len(str(refusal.value)) < 1000


def test_the_most_values_that_are_allowed_take_less_than_a_second(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(file(b'{"a":[' + b"{}," * 499_000 + b"{}]}"))
    start = time.process_time()
    with pytest.raises(ValueError, match="expected its dtype"):
        files.load(path)
    assert time.process_time() - start < 2


def test_a_header_of_more_than_100_mb_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as sparse:
        sparse.write((header.LARGEST + 1).to_bytes(8, "little"))
        sparse.truncate(header.LARGEST + 1000)
    with within(seconds=1, megabytes=1), pytest.raises(ValueError, match="100,000,000 are the most"):
        files.load(path)


def test_an_array_larger_than_the_file_takes_no_memory(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as sparse:
        sparse.write(file({"a": entry(shape=[1 << 33], data_offsets=[0, 1 << 33])}))
        sparse.truncate((1 << 33) - 1)
    with within(seconds=1, megabytes=1), pytest.raises(ValueError, match="there are 8,589,934"):
        files.load(path)


def test_what_is_no_regular_file_is_refused_and_nobody_waits_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(ValueError, match=r"cannot read .*regular file"):
            files.load(path)
    with pytest.raises(FileNotFoundError):
        files.load(tmp_path / "absent")
    with pytest.raises(ValueError, match="null byte"):
        files.load("a\0b")


def test_the_right_files_are_not_refused(tmp_path):
    path = tmp_path / "file"
    for content, shapes in [
        (file({}), {}),
        (file(b"{}      "), {}),
        (file({"__metadata__": {}}), {}),
        (file({"a": entry()}, bytes(4)), {"a": (4,)}),
        (file({"b": entry(data_offsets=[4, 8]), "a": entry()}, bytes(8)), {"b": (4,), "a": (4,)}),
        (file({"a": entry(), "b": entry(shape=[0], data_offsets=[4, 4])}, bytes(4)), {"a": (4,), "b": (0,)}),
        (file({"b": entry(), "a": entry(shape=[0, 3], data_offsets=[0, 0])}, bytes(4)), {"b": (4,), "a": (0, 3)}),
        (file({"a": entry("U8", [1], [0, 1]), "b": entry("F64", [1], [1, 9])}, bytes(9)), {"a": (1,), "b": (1,)}),
        (file({"a": entry(shape=[]), "b": entry(shape=[1], data_offsets=[1, 2])}, bytes(2)), {"a": (), "b": (1,)}),
    ]:
        if b'"shape": []' in content:
            content = content.replace(b"[0, 4]", b"[0, 1]")
        path.write_bytes(content)
        assert {name: array.shape for name, array in files.load(path).items()} == shapes

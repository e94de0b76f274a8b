"""What `python -m benchmarks reliability` does to files, in small: nothing gets through, unlike with numpy.savez."""

import pytest

from benchmarks import faults
from benchmarks.faults import FAULTS, OURS

IN_SMALL = {
    faults.killed: {"tries": 4},
    faults.file_size_limit: {"tries": 5},
    faults.full_disk: {"tries": 5},
    faults.random_bits: {"tries": 60},
    faults.header_bits: {"step": 23},
    faults.truncated: {"step": 41},
}


FILES = [name for name in FAULTS if FAULTS[name] is not faults.training_killed]  # test_resume.py kills training


@pytest.mark.parametrize("name", FILES)
def test_no_fault_gets_through(tmp_path, name):
    outcomes = [*FAULTS[name](OURS, tmp_path, **IN_SMALL.get(FAULTS[name], {}))]
    if not outcomes and FAULTS[name] is faults.full_disk:
        pytest.skip("only root mounts a small file system")
    assert outcomes
    assert not any(outcomes), outcomes


@pytest.mark.slow
def test_fifty_kills(tmp_path):
    assert [*faults.killed(OURS, tmp_path)] == [""] * 50


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.killed, marks=pytest.mark.slow),
        pytest.param(faults.special_files, marks=pytest.mark.slow),
        faults.file_size_limit,
        faults.full_disk,
    ],
    ids=lambda fault: fault.__name__,
)
def test_these_faults_do_happen(tmp_path, fault):
    outcomes = [*fault("numpy.savez", tmp_path, **IN_SMALL.get(fault, {}))]
    if not outcomes and fault is faults.full_disk:
        pytest.skip("only root mounts a small file system")
    assert any(outcomes)


def test_other_readers_notice_few_of_the_flipped_bits(tmp_path, safetensors):
    outcomes = [*faults.random_bits("safetensors", tmp_path, tries=60)]
    assert sum(map(bool, outcomes)) > 40
    assert sum(map(bool, faults.header_bits("safetensors", tmp_path))) > 2
    assert any(faults.mode_and_links("safetensors", tmp_path))
    assert any(faults.hostile("safetensors", tmp_path))

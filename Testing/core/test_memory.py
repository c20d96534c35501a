"""What memory there is, what is estimated before the work, and what happens where an allocation fails."""

import ctypes
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from temporal_interp import memory
from temporal_interp.data.geometry import Geometry
from temporal_interp.data.sequence import Sequence
from temporal_interp.data.volume import Volume
from temporal_interp.engines.registry import create_engine, engine_specs
from temporal_interp.engines.room import require_room
from temporal_interp.errors import OutOfMemoryError
from temporal_interp.io import write_sequence
from temporal_interp.memory import (
    Footprint,
    free_memory,
    is_out_of_memory,
    require_fits,
    require_memory,
    total_memory,
)

GB = 10**9


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Function that replaces what the system tells: files by their names below its root."""
    for name, place in (("CGROUPS", "cgroup"), ("OWN_CGROUPS", "own"), ("SYSTEM_MEMORY", "meminfo")):
        monkeypatch.setattr(memory, name, tmp_path / place)
    monkeypatch.setattr(memory, "_address_space", lambda whole: [])

    def tell(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return tell


def meminfo(available, swap=0):
    return f"MemTotal: 99 kB\nMemAvailable: {available // 1024} kB\nSwapFree: {swap // 1024} kB\n"


def test_this_computer_has_memory():
    assert total_memory() is None or total_memory() > 10**8
    assert free_memory() is None or free_memory() > 0


def test_what_is_kept_of_files_and_swap_are_free(system):
    system(meminfo=meminfo(4 << 30, 1 << 30))
    assert free_memory() == 5 << 30


def test_nothing_is_judged_where_the_system_does_not_tell(system, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: -1, raising=False)
    monkeypatch.delattr(os, "sysconf")
    assert total_memory() is None
    assert free_memory() is None
    require_memory(10**30, "All voxels")
    require_fits(Footprint(10**6), (10**6,) * 3, "All")


@pytest.mark.parametrize("path", ["/job/step", "/"])
def test_a_control_group_of_version_2_limits(system, path):
    """The groups above count, and a container sees its own at the root."""
    system(meminfo=meminfo(64 << 30), own=f"0::{path}\n")
    where = "cgroup__job__" if path != "/" else "cgroup__"
    stat = f"anon 5\ninactive_file {1 << 30}\n"
    system(**{f"{where}memory_DOT_max": f"{4 << 30}\n", f"{where}memory_DOT_current": f"{3 << 30}\n"})
    system(**{f"{where}memory_DOT_stat": stat})
    if path != "/":
        system(cgroup__job__step__memory_DOT_max="max\n", cgroup__job__step__memory_DOT_current="1\n")
    assert free_memory() == 2 << 30
    assert total_memory() <= 4 << 30


def test_a_control_group_of_version_1_limits(system):
    system(meminfo=meminfo(64 << 30), own="5:cpu:/\n4:memory:/job\n")
    names = ("memory_DOT_limit_in_bytes", "memory_DOT_usage_in_bytes")
    system(**{f"cgroup__memory__job__{n}": str(v << 30) for n, v in zip(names, (2, 1), strict=True)})
    system(**{f"cgroup__memory__{n}": str(v) for n, v in zip(names, (2**63 - 4096, 5), strict=True)})  # no limit
    assert free_memory() == 1 << 30


def test_more_than_is_free_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: GB)
    require_memory(GB, "All frames")
    with pytest.raises(OutOfMemoryError, match=r"All frames take 2\.0 GB of memory, and 1\.0 GB are free\. Ask for"):
        require_memory(2 * GB, "All frames")


def test_what_would_fit_fits():
    for footprint in (Footprint(100), Footprint(60, 1000, 10**6), Footprint(250, 700, 2_500_000, 64**3)):
        for free in (10**6, 10**8, 5 * 10**8, 10**10):
            largest = footprint.largest(free)
            assert footprint.least(largest) <= free
            assert footprint.least(largest + largest // 100 + 1000) > free


def test_a_registration_that_does_not_fit_is_told_with_what_would(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 2 * GB)
    with pytest.raises(
        OutOfMemoryError,
        match=r"^A registration of 512 x 512 x 400 voxels takes 7\.3 GB of memory, and 2\.0 GB are free\. "
        r"Crop the images to about 16% of their voxels, or set fewer\.$",
    ):
        require_fits(Footprint(60, 1000, 10**6), (400, 512, 512), "A registration", instead=", or set fewer")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("Exception thrown in SimpleITK ImageFileReader_Execute: Failed to allocate memory for image."),
        RuntimeError("can't start new thread"),
        RuntimeError("std::bad_alloc"),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
    ids=lambda error: str(error)[:12],
)
def test_the_words_of_libraries_for_it_are_known(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("sizes must match"), ValueError("out of memory"), OSError(2, "gone")])
def test_other_errors_are_not_taken_for_it(error):
    assert not is_out_of_memory(error)


@pytest.fixture
def sequence():
    volume = Volume(np.zeros((20, 100, 100), np.int16), Geometry((20, 100, 100)))
    return Sequence([volume] * 3, [0.0, 1.0, 2.0])


class TestEngines:
    @pytest.mark.parametrize("name", ["linear_blend", "velocity_field"])
    def test_what_fits_is_let_through(self, name, sequence, monkeypatch):
        engine = create_engine(name)
        needed = engine_specs()[name].memory.least(200_000) + 9 * 400_000
        monkeypatch.setattr("temporal_interp.engines.room.free_memory", lambda: needed)
        require_room(engine, sequence, 9)
        monkeypatch.setattr("temporal_interp.engines.room.free_memory", lambda: needed - 1)
        with pytest.raises(OutOfMemoryError, match="About 8 frames would fit"):
            require_room(engine, sequence, 9)

    def test_where_the_engine_does_not_fit_another_is_named(self, sequence, monkeypatch):
        monkeypatch.setattr("temporal_interp.engines.room.free_memory", lambda: 20_000_000)
        with pytest.raises(
            OutOfMemoryError,
            match=r"3 frames of 100 x 100 x 20 voxels by the velocity field take about 213\.2 MB of memory, and "
            r"20\.0 MB are free\. The linear blend \(--engine linear_blend\) would fit\. Or: crop the images to about",
        ):
            require_room(create_engine("velocity_field"), sequence, 3)

    def test_where_nothing_fits_images_are_to_be_smaller(self, sequence, monkeypatch):
        monkeypatch.setattr("temporal_interp.engines.room.free_memory", lambda: 1_000_000)
        with pytest.raises(OutOfMemoryError, match="Crop the images"):
            require_room(create_engine("linear_blend"), sequence, 3)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep to ulimit -v")


@pytest.fixture
def limited(tmp_path):
    """Function that runs a command of the program with so many bytes of addresses; the output goes to `out`."""
    volumes = [Volume(np.random.default_rng(n).normal(size=(20, 128, 128)), Geometry((20, 128, 128))) for n in (0, 1)]
    write_sequence(Sequence(volumes, [0.0, 1.0]), tmp_path / "in.seq.nrrd")

    def run(most, *arguments):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({most}, {most}))"
        program = f"{limit}; from temporal_interp.cli import run; run()"
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)

    return run


@LINUX
@pytest.mark.parametrize(
    ("most", "command", "words"),
    [
        (200_000_000, ("info", "in.seq.nrrd"), "memory"),
        (700_000_000, ("interpolate", "in.seq.nrrd", "-o", "out.seq.nrrd", "--factor", 2), "of memory"),
        (3 * GB, ("interpolate", "in.seq.nrrd", "-o", "out.seq.nrrd", "--factor", 20_000), "frames would fit"),
    ],
    ids=["reading", "libraries", "result"],
)
def test_a_command_without_enough_memory_ends_in_words(most, command, words, limited, tmp_path):
    ended = limited(most, *command)
    assert ended.returncode == 3, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.seq.nrrd"]


def test_windows_tells_of_itself(monkeypatch):
    """Stand-ins for what Windows offers: a structure is filled, or the call fails."""

    class Kernel:
        told = 1

        def GlobalMemoryStatusEx(self, reference):  # noqa: N802 - Windows' name
            reference._obj.ullTotalPhys, reference._obj.ullAvailPhys = 16 * 10**9, 5 * 10**9
            return self.told

    kernel = Kernel()
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(memory.sys, "platform", "win32")
    assert (memory._physical(), memory._available()) == ([16 * 10**9], [5 * 10**9])
    kernel.told = 0
    assert (memory._physical(), memory._available()) == ([], [])

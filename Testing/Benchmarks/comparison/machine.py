"""The machine and the software that timings were taken with."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("temporal-interp", "torch", "numpy", "SimpleITK", "itk-elastix", "antspyx", "voxelmorph", "monai")
"""Ours, those that the times depend on, and those of the peers."""


def describe(threads: int) -> dict[str, str]:
    """Return the facts that a reader needs to judge the times, by heading."""
    return {
        "processor": processor_name(),
        "cores": f"{os.cpu_count()}, of which each process may use {threads}",
        "memory": memory_gb(),
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{name: package_version(name) for name in PACKAGES},
    }


def processor_name() -> str:
    """Return the product name of the processor, if the system knows it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        told = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return told.stdout.strip()
    return platform.processor() or platform.machine()


def memory_gb() -> str:
    """Return the size of the memory, "unknown" where the system does not give it (Windows)."""
    names = getattr(os, "sysconf_names", {})
    if not {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(names):
        return "unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB"


def package_version(name: str) -> str:
    """Return the version of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"

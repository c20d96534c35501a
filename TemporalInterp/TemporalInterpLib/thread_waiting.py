"""How the threads of one calculation wait for each other."""

from __future__ import annotations

import os


def wait_without_spinning() -> None:
    """Let the threads of PyTorch sleep while they wait for each other, here and in child processes.

    By default they spin, which is of no use on a busy computer: a tracking of 40 s then took more than 150 s (two
    threads, two processors that others used, too). It counts where PyTorch is loaded after it. What the user has set
    stays.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")

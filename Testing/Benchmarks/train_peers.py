"""Trains the networks that ours is compared with, voxelmorph's and MONAI's, on the same data and for the same time.

    python Testing/Benchmarks/train_peers.py                      both, one after the other, half an hour each
    python Testing/Benchmarks/train_peers.py --name voxelmorph --seconds 300 -o build/peers

The time is that of the shipped student and its teacher together, in seconds of processor time, so run it on one
thread (OMP_NUM_THREADS=1), as they were. The packages come with
`pip install -r Testing/Benchmarks/requirements.txt`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from comparison.engines import TRAINED_NETWORKS
from peers.networks import NETWORKS
from peers.train_network import SAME_SECONDS, train_network
from temporal_interp.cli.console import Console
from temporal_interp.errors import TemporalInterpError


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", choices=NETWORKS, help="which network; default: both")
    parser.add_argument("--seconds", type=float, default=SAME_SECONDS, help="processor time of each (%(default)g)")
    parser.add_argument("-o", "--output", type=Path, default=TRAINED_NETWORKS, metavar="FOLDER", help="(%(default)s)")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="keeps the synthetic subjects for the next training"
    )
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    return parser.parse_args()


def main() -> None:
    given, console = arguments(), Console()
    try:
        for name in [given.name] if given.name else NETWORKS:
            with console.progress(name) as progress:
                path = train_network(
                    name,
                    output=given.output,
                    seconds=given.seconds,
                    subjects=given.data,
                    seed=given.seed,
                    progress=progress,
                )
            console.note(f"{name} is in {path}")
    except TemporalInterpError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()

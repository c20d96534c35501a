"""The Slicer layer: between the MRML scene and the core package `temporal_interp`."""

import os

# before PyTorch is imported: its threads would spin while they wait for one another, many times slower next to other work
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

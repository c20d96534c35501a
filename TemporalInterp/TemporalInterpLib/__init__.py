"""The Slicer layer: between the MRML scene and the core package `temporal_interp`."""

import os

# before PyTorch is imported: its threads would spin while they wait for one another, and next to other work that is
# many times slower
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

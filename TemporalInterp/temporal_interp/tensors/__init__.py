"""Functions on tensors and arrays, in voxels; no volumes."""

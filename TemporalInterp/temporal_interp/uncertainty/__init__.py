"""How far to trust synthetic frames: the error to expect of every voxel, calibrated on the sequence at hand."""

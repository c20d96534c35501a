"""The Slicer layer: between the MRML scene and the core package `temporal_interp`."""

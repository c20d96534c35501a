"""Slices between slices, learnt from the volume itself (Fang et al., CVPR 2022)."""

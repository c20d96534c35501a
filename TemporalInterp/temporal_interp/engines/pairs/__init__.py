"""What engines do with one pair of frames; all of it needs PyTorch."""

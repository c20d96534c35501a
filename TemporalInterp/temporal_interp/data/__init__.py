"""Volumes, sequences, fields: what the program works on, without PyTorch where it can be."""

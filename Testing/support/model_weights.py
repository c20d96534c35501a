"""The weights in model files, and whether two are the same."""

import torch

from temporal_interp.models.model_file import load_model


def weights_of(path):
    return load_model(path).state


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)

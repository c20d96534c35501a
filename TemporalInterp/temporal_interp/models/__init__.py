"""Trained weights: model files that carry their own description, and the registry that vouches for them."""

"""Engines: each prepares a pair of volumes once and then answers any time between them."""

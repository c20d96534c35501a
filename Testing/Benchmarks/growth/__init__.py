"""How time and memory grow with the size of the work; see `scaling.py`."""

"""How far each stage of the student is from the floor of the machine; see `floor.py`."""

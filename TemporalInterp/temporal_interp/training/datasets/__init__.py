"""The data that the networks learn from: samples drawn from patients' sequences, from phantoms and from random
subjects."""

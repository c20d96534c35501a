"""What the networks learn from: lessons drawn from patients' sequences, from phantoms and from synthetic motion."""

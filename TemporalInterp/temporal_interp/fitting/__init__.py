"""What every fit shares: its schedule, when it has stopped getting better, and its resumption from a checkpoint."""

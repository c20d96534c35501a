"""What every fit shares: its state in a file, from which it is taken up again."""

"""Training of the networks, headless: from Python, from the command line, on one machine or many."""

"""Registrations of others as engines, used the way people interpolate with a registration."""

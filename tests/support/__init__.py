"""One double per port, for every Python test."""

"""Figures: measured, printed with their machine, and never asserted."""

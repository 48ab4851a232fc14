"""Equation of state: energy against volume, several potentials side by side."""

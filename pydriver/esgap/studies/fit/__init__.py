"""Potentials fitted to labelled configurations."""

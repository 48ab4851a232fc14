"""Evaluation of configurations by a set of potentials."""

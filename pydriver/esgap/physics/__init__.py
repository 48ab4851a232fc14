"""Formulas: arrays and ase.Atoms in, numbers out; no files, no processes. Each formula stands here once."""

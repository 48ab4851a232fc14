"""Relaxation of a structure: its ions, in a field or without, or ions and cell under pressure."""

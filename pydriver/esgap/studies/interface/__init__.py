"""Defects at an interface: a potential drop, its field, and what pairs cost at each depth."""

"""Locality of forces, and charges fitted to what is not local."""

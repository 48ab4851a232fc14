"""Charges of atoms from reference calculations, by element and environment, beside fitted ones."""

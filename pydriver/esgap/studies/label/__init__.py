"""Configurations labelled by a reference calculation."""

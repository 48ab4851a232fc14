"""Typed rows of any kind of study as terminal table, CSV and HTML; how figures look."""

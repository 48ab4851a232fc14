"""The one place that knows LAMMPS: its frame, its files, its decks."""

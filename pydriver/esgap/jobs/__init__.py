"""Jobs of a run folder: what they are, how they are started, what is kept of them. Knows no physics and no format of LAMMPS."""

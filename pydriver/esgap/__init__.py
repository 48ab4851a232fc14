"""Machine-learned potentials with long-range electrostatics in LAMMPS."""

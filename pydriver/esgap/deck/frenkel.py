"""Decks for the formation energy of a Frenkel pair in an electric field."""

import shutil
from importlib import resources
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.geometry import get_distances
from ase.io import read

from esgap.deck.coulomb import describe, split, variables
from esgap.deck.plan import Job, Moved, Plan, Point, commands
from esgap.errors import EsgapError
from esgap.interstitial import atom_to_move, check_cell, interstitial_sites
from esgap.potential import Potential
from esgap.structure import to_lammps_vector, write_data
from esgap.study import FrenkelStudy

DECK = "in.defect"
CELLS = ("perfect", "defect")
HALF = 0.45  # of a cell vector: fix efield/pbc counts displacements from the nearest image of the reference
OVERLAP = 1.0  # Angstrom; no two nuclei of a battery material come this close


def write_deck(study: FrenkelStudy, folder: Path) -> Plan:
    """Write in.defect, data.perfect, data.defect, sites.csv, electrostatics.csv, commands.sh and plan.json into `folder`.

    Raises EsgapError: unreadable structure, overlapping atoms, an element that a potential lacks, a net
    charge, a cell too small, no such site or atom.
    """
    perfect = read_structure(study)
    potentials = [Potential.load(name) for name in (study.potential, *study.compare)]
    for potential in potentials:
        check_atoms(perfect, potential)
    if potentials[0].electrostatics is None:
        raise EsgapError(f"the potential {study.potential} has no charges and cannot feel a field: name it under `compare`")

    check_cell(perfect, study.defect.separation)
    sites = interstitial_sites(perfect, study.defect.element, study.defect.anions)
    moved = choose_atom(perfect, sites, study)
    defect = perfect.copy()
    defect.positions[moved.id - 1] += moved.displacement

    trials = split(potentials[0], perfect, study.electrostatics)

    folder.mkdir(parents=True, exist_ok=True)
    trials.to_csv(folder / "electrostatics.csv", index=False)
    shutil.copyfile(resources.files("esgap") / "data" / "inputs" / DECK, folder / DECK)
    sites.to_csv(folder / "sites.csv", float_format="%.4f")
    for cell, atoms in zip(CELLS, (perfect, defect)):
        write_data(folder / f"data.{cell}", atoms, potentials[0])
    plan = Plan(
        study=study,
        symbols=tuple(perfect.symbols),
        cell=tuple(map(tuple, perfect.cell.array)),
        elements=potentials[0].elements,
        moved=moved,
        electrostatics=describe(trials.iloc[0], study.electrostatics.accuracy),
        jobs=tuple(plan_jobs(study, potentials, perfect.cell, variables(trials.iloc[0], study.electrostatics.accuracy))),
        points=tuple(plan_points(study, potentials)),
    )
    plan.save(folder)
    (folder / "commands.sh").write_text(commands(plan))
    return plan


def read_structure(study: FrenkelStudy) -> Atoms:
    """The perfect supercell, atoms in the order of the structure file, image after image."""
    if not study.structure.is_file():
        raise EsgapError(f"no structure file {study.structure}: `structure` is relative to the study file")
    atoms = read(study.structure).repeat(study.supercell)
    distances = get_distances(atoms.positions, cell=atoms.cell, pbc=True)[1] + np.diag(np.full(len(atoms), np.inf))
    i, j = np.unravel_index(np.argmin(distances), distances.shape)
    if distances[i, j] < OVERLAP:
        raise EsgapError(
            f"atoms {i + 1} ({atoms.symbols[i]}) and {j + 1} ({atoms.symbols[j]}) of {study.structure} overlap: "
            f"{distances[i, j]:.2f} Angstrom apart, at least {OVERLAP:g} expected; correct the structure"
        )
    return atoms


def check_atoms(atoms: Atoms, potential: Potential) -> None:
    """Raise EsgapError when the potential lacks an element of the cell or gives it a net charge."""
    missing = sorted(set(atoms.symbols) - set(potential.elements))
    if missing:
        raise EsgapError(
            f"the potential {potential.name} has no type for {', '.join(missing)} (it knows {', '.join(potential.elements)}): "
            "choose a potential fitted to all elements of the structure"
        )
    total = sum(potential.charge_of(symbol) for symbol in atoms.symbols)
    if abs(total) > 1e-6:
        raise EsgapError(
            f"the cell {atoms.symbols} has a net charge of {total:+.6g} e with the charges of {potential.name}: "
            "a periodic cell must be neutral; correct the composition or the charges"
        )


def choose_atom(atoms: Atoms, sites, study: FrenkelStudy) -> Moved:
    """The site of the study's rank and the atom that moves there."""
    wanted = study.defect
    if wanted.site > len(sites):
        raise EsgapError(f"site {wanted.site} was asked for, but only {len(sites)} were found: see sites.csv")
    site = sites.loc[wanted.site, ["x", "y", "z"]].to_numpy(float)
    if wanted.atom is None:
        index, displacement = atom_to_move(atoms, site, wanted.element, wanted.separation)
    else:
        index = wanted.atom - 1
        if index >= len(atoms) or atoms.symbols[index] != wanted.element:
            raise EsgapError(f"`atom` = {wanted.atom} is not a {wanted.element} atom of the {len(atoms)}-atom cell")
        displacement = get_distances(atoms.positions[index], site, cell=atoms.cell, pbc=True)[0][0, 0]
    along = np.abs(atoms.cell.scaled_positions(displacement[None])[0])
    if along.max() > HALF:
        raise EsgapError(
            f"atom {index + 1} would move by {along.max():.2f} of the cell along {'abc'[along.argmax()]}: beyond {HALF} its dipole "
            "could be counted to another image; enlarge `supercell` or choose a nearer atom"
        )
    return Moved(id=index + 1, site=wanted.site, position=tuple(site), displacement=tuple(displacement))


def plan_jobs(study: FrenkelStudy, potentials: list[Potential], cell, coulomb: dict[str, str]):
    """Yield the jobs: each potential at zero field, then the charged one outwards along each direction.

    A field point starts from the relaxed cell of its neighbour nearer to zero: the branch is followed
    adiabatically, and a jump to another state shows as such. `coulomb`: the variables that set the long-range sum.
    """
    for potential in potentials:
        for which in CELLS:
            zero = job_name(potential, which)
            yield _job(study, potential, zero, f"data.{which}", np.zeros(3), coulomb)
            if potential is not potentials[0]:
                continue
            for direction in study.field.directions:
                for sign in (1, -1):
                    previous = zero
                    for value in sorted((v for v in study.field.values if v * sign > 0), key=abs):
                        name = job_name(potential, which, direction, value)
                        yield _job(study, potential, name, f"{previous}/relaxed.data", to_lammps_vector(field_vector(direction, value), cell), coulomb)
                        previous = name


def plan_points(study: FrenkelStudy, potentials: list[Potential]):
    """Yield the formation energies that the jobs give, each potential's zero-field value first."""
    for potential in potentials:
        fields = [("-", 0.0)]
        if potential is potentials[0]:
            fields += [(direction, value) for direction in study.field.directions for value in study.field.values if value]
        for direction, value in fields:
            yield Point(
                potential=potential.name,
                direction=direction,
                field=value,
                perfect=job_name(potential, "perfect", direction, value),
                defect=job_name(potential, "defect", direction, value),
                perfect_zero=job_name(potential, "perfect"),
                defect_zero=job_name(potential, "defect"),
            )


def field_vector(direction: str, value: float) -> np.ndarray:
    """The field (V/Angstrom, shape (3,)) in the frame of the structure file; direction "-" means none."""
    return value * np.array([direction == axis for axis in "xyz"], dtype=float)


def job_name(potential: Potential, which: str, direction: str = "-", value: float = 0.0) -> str:
    """Folder of a job below the run folder, for example points/es-gap/defect/x+0.1."""
    return f"points/{potential.name}/{which}/" + (f"{direction}{value:+g}" if value else "zero")


def _job(study: FrenkelStudy, potential: Potential, name: str, data: str, field: np.ndarray, coulomb: dict[str, str]) -> Job:
    variables = {
        "potential": str(potential.folder),
        "engine": study.run.engine,
        "perfect": "data.perfect",
        "data": data,
        "ex": repr(float(field[0])),
        "ey": repr(float(field[1])),
        "ez": repr(float(field[2])),
        "force": repr(study.relax.force),
        "max_steps": str(study.relax.max_steps),
        "out": f"{name}/relaxed",
    } | (coulomb if potential.electrostatics else {})
    inputs = (DECK, "data.perfect", data, *(str(potential.folder / file) for file in ("potential.toml", "potential.lmp")))
    outputs = tuple(f"{name}/{file}" for file in ("relaxed.dump", "relaxed.data", "log.lammps"))
    return Job(name=name, deck=DECK, variables=variables, inputs=inputs, outputs=outputs)

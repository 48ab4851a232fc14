"""The crystal distorted: rattled, strained, and with its mobile ions distributed over their own and interstitial sites."""

from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.geometry import get_distances

from esgap.physics.interstitial import interstitial_sites
from esgap.physics.lattice_gas import metropolis
from esgap.studies.train.study import Generate

SMALL = 0.02  # Angstrom, by which strained cells and distributions are rattled
MOVES = 20  # trial moves an ion between two distributions


def generated(crystal: Atoms, section: Generate) -> Iterator[Atoms]:
    """The configurations of [generate], tagged rattled-0 ...; the same for the same seed."""
    random = np.random.default_rng(section.seed)
    for k in range(section.rattled):
        yield _tagged(_rattled(crystal, section.amplitude, random), "rattled", k)
    for k in range(section.strained):
        yield _tagged(_rattled(_strained(crystal, section.strain, random), SMALL, random), "strained", k)
    for k, atoms in enumerate(distributions(crystal, section)):
        yield _tagged(_rattled(atoms, SMALL, random), "distribution", k)


def distributions(crystal: Atoms, section: Generate) -> list[Atoms]:
    """The crystal with `section.element` on random sites, none nearer to another than `nearest`: a Monte Carlo chain without energies.

    Ions of the crystal that are nearer to each other than that stay allowed until they move.
    """
    if not section.distributions:
        return []
    ions = np.flatnonzero(np.array(crystal.symbols) == section.element)
    sites = interstitial_sites(crystal, section.element, section.anions)
    places = np.concatenate([crystal.positions[ions], sites[["x", "y", "z"]].to_numpy(float)])
    distances = get_distances(places, cell=crystal.cell, pbc=True)[1]
    every = MOVES * len(ions)
    chain = metropolis(np.arange(len(ions)), distances, section.nearest, lambda occupied: 0.0, 1.0, every * section.distributions, section.seed)
    found = []
    for number, step in enumerate(chain, start=1):
        if number % every == 0:
            atoms = crystal.copy()
            atoms.positions[ions] = places[list(step.occupied)]
            found.append(atoms)
    return found


def _rattled(atoms: Atoms, amplitude: float, random: np.random.Generator) -> Atoms:
    out = atoms.copy()
    out.positions += random.normal(scale=amplitude, size=out.positions.shape)
    return out


def _strained(atoms: Atoms, strain: float, random: np.random.Generator) -> Atoms:
    """A symmetric strain with components up to `strain`."""
    out, part = atoms.copy(), random.uniform(-strain, strain, (3, 3))
    out.set_cell(out.cell.array @ (np.eye(3) + (part + part.T) / 2), scale_atoms=True)
    return out


def _tagged(atoms: Atoms, kind: str, k: int) -> Atoms:
    atoms.info = {"tag": f"{kind}-{k}", "config_type": kind}
    return atoms

"""The polyanions of a structure and what each atom is in them: PS4, P2S7 with its bridging sulfur, P2S6 with its P-P bond.

A polyanion is what is connected by bonds of its centres (P) to ligands (S) and to each other; a ligand of one centre is terminal, of
several bridging, of none free. Other ions are told by the polyanions whose ligands they touch.
"""

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.formula import Formula
from ase.neighborlist import neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Network:
    """What forms polyanions. Lengths in Angstrom: beyond them there is no bond, no contact."""

    centre: str
    ligand: str
    bond: float
    centre_bond: float
    contact: float


def environments(atoms: Atoms, network: Network) -> list[str]:
    """What each atom is, in words such as "centre of PS4", "terminal in P2S7", "bridging in P2S7", "at P2S7 + PS4"."""
    symbols = np.array(atoms.symbols)
    cutoffs = {(network.centre, network.ligand): network.bond, (network.centre, network.centre): network.centre_bond}
    i, j = neighbor_list("ij", atoms, cutoffs)
    member = np.isin(symbols, (network.centre, network.ligand))
    names, of = _polyanions(symbols, i, j, network)
    bonds = np.bincount(i[symbols[j] == network.centre], minlength=len(atoms))
    words = [_place(symbols[k], int(bonds[k]), names[of[k]], network) if member[k] else "" for k in range(len(atoms))]
    others, touched = neighbor_list("ij", atoms, network.contact)
    for k in np.flatnonzero(~member):
        near = sorted({names[of[t]] for t in touched[(others == k) & (symbols[touched] == network.ligand)]})
        words[k] = f"at {' + '.join(near)}" if near else "at none"
    return words


def _polyanions(symbols: np.ndarray, i: np.ndarray, j: np.ndarray, network: Network) -> tuple[list[str], np.ndarray]:
    """Names of the connected parts, and the part of each atom."""
    count, of = connected_components(coo_array((np.ones(len(i)), (i, j)), shape=(len(symbols),) * 2), directed=False)
    names = []
    for part in range(count):
        here = symbols[of == part]
        found = {network.centre: int(np.sum(here == network.centre)), network.ligand: int(np.sum(here == network.ligand))}
        names.append(str(Formula.from_dict({symbol: n for symbol, n in found.items() if n})) or str(here[0]))
    return names, of


def _place(symbol: str, centres: int, name: str, network: Network) -> str:
    if symbol == network.centre:
        return f"centre of {name}"
    return "free" if centres == 0 else f"{'terminal' if centres == 1 else 'bridging'} in {name}"

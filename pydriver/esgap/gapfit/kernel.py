"""K_NM: what each sparse point gives to energy, forces and virial of a configuration when its weight is 1.

The rows are computed in the C++ core (kernel_matrix.h), which may be asked by several threads at a time. Units: eV, Angstrom.
"""

import ctypes
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from esgap.calculators import MESSAGE, _library
from esgap.errors import EsgapError
from esgap.environments import Environment
from esgap.gapfit.terms import Sparse

POINTER, NUMBER, REAL, TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_double, ctypes.c_char_p


@dataclass(frozen=True)
class Rows:
    """Rows of K_NM of one configuration of N atoms, M columns; what was not asked for is None.

    energy (M,): eV; forces (3 N, M): eV/Angstrom, atom after atom; virial (6, M): eV, xx yy zz yz xz xy, positive trace =
    positive pressure.
    """

    energy: np.ndarray
    forces: np.ndarray | None
    virial: np.ndarray | None


class Kernel:
    """All terms with their sparse points: the columns of K_NM, term after term.

    Raises EsgapError: a term that the core does not know.
    """

    def __init__(self, sparse: list[Sparse]):
        self.sparse = list(sparse)
        self.cutoff = max(s.term.cutoff for s in sparse)
        self._core = _core()
        self._handle = self._core.esgap_kernel_open()
        for s in self.sparse:
            self._add(s)
        self.columns = self._core.esgap_kernel_columns(self._handle)

    def __del__(self):
        if getattr(self, "_handle", None):
            self._core.esgap_kernel_close(self._handle)

    def _add(self, s: Sparse) -> None:
        points, factors = (np.ascontiguousarray(a, dtype=float) for a in (s.points, s.factors))
        t = s.term
        if t.kind == "soap":
            self._call("esgap_kernel_add_soap", t.descriptor().encode(), t.delta, t.zeta, len(s), points.ctypes, factors.ctypes)
        else:
            self._call("esgap_kernel_add_pair", t.z1, t.z2, t.cutoff, t.cutoff_transition_width, t.delta, t.theta, len(s), points.ctypes, factors.ctypes)

    def _call(self, function: str, *arguments) -> None:
        problem = ctypes.create_string_buffer(MESSAGE)
        if getattr(self._core, function)(self._handle, *arguments, problem, MESSAGE):
            raise EsgapError(problem.value.decode())

    def rows(self, atoms: Atoms, forces: bool = True, virial: bool = True) -> Rows:
        """The rows of one configuration. Raises EsgapError: atoms on one place."""
        around = Environment(atoms, self.cutoff)
        out = Rows(
            np.empty(self.columns),
            np.empty((3 * len(atoms), self.columns)) if forces else None,
            np.empty((6, self.columns)) if virial else None,
        )
        places = [None if a is None else a.ctypes for a in (out.energy, out.forces, out.virial)]
        self._call("esgap_kernel_rows", ctypes.byref(around.structure()), around.j.ctypes, *places)
        return out


class KeptRows(Kernel):
    """A kernel that keeps the rows of the configurations that it was asked for, at most `limit` bytes of them: for fits that differ in
    labels and sigmas alone. A configuration is known by its object, which must not change meanwhile.
    """

    def __init__(self, sparse: list[Sparse], limit: int = 1_000_000_000):
        super().__init__(sparse)
        self._kept: dict[int, tuple[Atoms, Rows]] = {}
        self._left = limit

    def rows(self, atoms: Atoms, forces: bool = True, virial: bool = True) -> Rows:
        if id(atoms) in self._kept:
            found = self._kept[id(atoms)][1]
        else:
            found = super().rows(atoms)
            size = sum(part.nbytes for part in (found.energy, found.forces, found.virial))
            if size <= self._left:
                self._left -= size
                self._kept[id(atoms)] = atoms, found
        return Rows(found.energy, found.forces if forces else None, found.virial if virial else None)


def _core() -> ctypes.CDLL:
    """The compiled core, with the types of the functions of fit_capi.h declared."""
    library = _library()
    if not hasattr(_core, "declared"):
        failing = {
            "add_pair": [NUMBER, NUMBER, REAL, REAL, REAL, REAL, NUMBER, POINTER, POINTER],
            "add_soap": [TEXT, REAL, REAL, NUMBER, POINTER, POINTER],
            "rows": [POINTER] * 5,
        }
        for name, arguments in failing.items():
            getattr(library, f"esgap_kernel_{name}").argtypes = [POINTER, *arguments, TEXT, NUMBER]
        library.esgap_kernel_open.restype = POINTER
        library.esgap_kernel_close.restype = None
        library.esgap_kernel_close.argtypes = library.esgap_kernel_columns.argtypes = [POINTER]
        _core.declared = True
    return library

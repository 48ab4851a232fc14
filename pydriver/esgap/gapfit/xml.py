"""Potentials as files: XML with the sparse points beside it, in gap_fit's form, read by quippy, pair_style quip and pair_style gap."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import numpy as np

from esgap.errors import EsgapError
from esgap.gapfit.terms import Pair, Soap, Sparse

LAST_ELEMENT = 118
GAP_VERSION = 1769700636  # of the reader whose form is written here: the GAP of quippy 0.10.3
XML_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Model:
    """A fitted GAP: sparse points of all terms, their weights (alpha) in one list, and the energy of each isolated atom (eV) by atomic number."""

    label: str
    sparse: list[Sparse]
    weights: np.ndarray
    e0: dict[int, float]


def check_label(label: str) -> str:
    """`label` itself. Raises EsgapError when it cannot be the name of an XML element and of files."""
    if not XML_NAME.fullmatch(label):
        raise EsgapError(f"the label '{label}' of a potential is no XML name: use letters, digits, '_', '-' and '.', and begin with a letter")
    return label


def write_model(path: Path, model: Model, comment: str = "") -> list[Path]:
    """Write `model` to `path` and its sparse points to files beside it; return all of them, the XML first.

    Sparse points have the fewest digits that give each double back: points rounded before a fit stay short in the files.
    """
    files = [path.with_name(f"{path.name}.sparseX.{check_label(model.label)}{k + 1}") for k in range(len(model.sparse))]
    for file, sparse in zip(files, model.sparse, strict=True):
        file.write_text("".join(f"{x!r}\n" for x in sparse.points.ravel().tolist()))
    write_weights(path, model, files, comment)
    return [path, *files]


def write_weights(path: Path, model: Model, files: list[Path], comment: str = "") -> None:
    """Write the XML alone; `files`: the files of sparse points, term after term, in the folder of `path`."""
    weights = np.split(model.weights, np.cumsum([len(s) for s in model.sparse])[:-1])
    terms = "".join(_term(model.label, k, *term) for k, term in enumerate(zip(model.sparse, weights, files, strict=True)))
    e0 = "".join(f'    <e0 Z="{z}" value="{_number(model.e0.get(z, 0.0))}"/>\n' for z in range(1, LAST_ELEMENT + 1))
    label = check_label(model.label)
    path.write_text(
        f'<{label}>\n<Potential label="{label}" init_args="IP GAP label={label}"/>\n'
        f'<GAP_params label="{label}" gap_version="{GAP_VERSION}">\n  <GAP_data do_core="F">\n{e0}  </GAP_data>\n'
        f'  <gpSparse label="{label}" n_coordinate="{len(model.sparse)}" fitted="T">\n{terms}  </gpSparse>\n'
        f"  <command_line><![CDATA[{comment.replace(']]>', ']] >')}]]></command_line>\n</GAP_params>\n</{label}>\n"
    )


def _term(label: str, k: int, sparse: Sparse, weights: np.ndarray, file: Path) -> str:
    """One <gpCoordinates>."""
    t = sparse.term
    kind, theta = ('2" zeta="' + _number(t.zeta), "") if t.kind == "soap" else ("1", f"      <theta> {_number(t.theta)} </theta>\n")
    md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    rows = "".join(
        f'      <sparseX i="{i + 1}" alpha="{_number(alpha)}" sparseCutoff="{_number(c)}"/>\n'
        for i, (alpha, c) in enumerate(zip(weights, sparse.factors, strict=True))
    )
    return (
        f'    <gpCoordinates label="{label}{k + 1}" dimensions="{t.dimensions}" signal_variance="{_number(t.delta)}" signal_mean="0.0" '
        f'sparsified="T" n_permutations="1" covariance_type="{kind}" n_sparseX="{len(sparse)}" '
        f'sparseX_filename="{escape(file.name)}" sparseX_md5sum="{md5}">\n{theta}'
        f'      <descriptor>{t.line(len(sparse), sparse.method)}</descriptor>\n      <permutation i="1">{" ".join(map(str, range(1, t.dimensions + 1)))}</permutation>\n'
        f"{rows}    </gpCoordinates>\n"
    )


def read_model(path: Path) -> Model:
    """The model of a file of gap_fit or of `write_model`; what the evaluator checks is not checked again here.

    Raises EsgapError: terms other than distance_2b and soap, or sparse points that are not in files of their own.
    """
    root = ElementTree.parse(path).getroot()
    e0 = {int(e.get("Z")): float(e.get("value")) for e in root.iter("e0")}
    terms = list(root.iter("gpCoordinates"))
    weights = np.array([float(s.get("alpha")) for t in terms for s in t.iter("sparseX")])
    return Model(root.find("Potential").get("label"), [_read_term(path, t) for t in terms], weights, {z: e for z, e in e0.items() if e})


def _read_term(path: Path, element) -> Sparse:
    line = element.findtext("descriptor")
    keys = {key: value.strip("{} ") for key, value in re.findall(r"(\w+)=(\{+[^}]*\}+|\S+)", line)}
    cut = {key: float(keys[key]) for key in ("cutoff", "cutoff_transition_width") if key in keys}
    delta = float(element.get("signal_variance"))
    if element.get("sparseX_filename") is None:
        raise EsgapError(f"{path} has its sparse points inside the XML: write it with sparse_separate_file=T")
    points = np.loadtxt(path.with_name(element.get("sparseX_filename")), ndmin=1)
    if line.split()[0] == "distance_2b":
        term = Pair(int(keys["Z1"]), int(keys["Z2"]), **cut, delta=delta, theta=float(element.findtext("theta")))
    elif line.split()[0] == "soap":
        species = tuple(map(int, keys["species_Z"].split()))
        sigma = float(keys.get("atom_sigma") or keys["atom_gaussian_width"])
        centre = float(keys.get("central_weight", 1.0))
        term = Soap(
            int(keys["Z"]), species, int(keys["n_max"]), int(keys["l_max"]), sigma, **cut, central_weight=centre, delta=delta, zeta=float(element.get("zeta"))
        )
    else:
        raise EsgapError(f"{path} has a term {line.split()[0]}: distance_2b and soap are read")
    factors = np.array([float(s.get("sparseCutoff")) for s in element.iter("sparseX")])
    return Sparse(term, points.reshape(-1, term.dimensions), keys.get("sparse_method", "file"), factors)


def _number(x: float) -> str:
    return f"{x:.16e}"

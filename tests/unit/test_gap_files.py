"""What gap_fit writes under the options that change its files: read as quippy reads it, or refused by name."""

import re
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.morse import MorsePotential
from quippy.potential import Potential as Quippy

from esgap.calculators import GAP
from esgap.errors import EsgapError

ENERGY, FORCE = 5e-9, 1e-7  # eV/atom, eV/Angstrom: the limits that pair_style gap promises


def zinc_blende(seed: int):
    """ZnS with shifted atoms and a strained cell, labelled by a Morse potential: something to fit, nothing physical."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Si", cubic=True)
    atoms.symbols = rng.permutation(["Zn", "S"] * 4)
    atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-0.04, 0.04, (3, 3))), scale_atoms=True)
    atoms.rattle(0.15, seed=seed)
    atoms.calc = MorsePotential(epsilon=0.8, r0=2.35, rho0=4.0)
    atoms.info.update(dft_energy=atoms.get_potential_energy(), dft_virial=-atoms.get_stress(voigt=False) * atoms.get_volume())
    atoms.arrays["dft_force"] = atoms.get_forces()
    atoms.calc = None
    return atoms


PAIR = "distance_2b {} cutoff=4.5 n_sparse=8 covariance_type=ard_se delta=1.0 theta_uniform=0.8 sparse_method=uniform add_species=F"
SOAP = (
    "soap n_max=4 l_max=3 atom_sigma=0.5 zeta=4 cutoff=4.5 n_sparse=12 delta=0.5 covariance_type=dot_product sparse_method=cur_points "
    "add_species=F n_species=2 Z={} species_Z={{{{16 30}}}}"
)
MIXED, SULPHUR, ZINC = PAIR.format("Z1=16 Z2=30"), SOAP.format(16), SOAP.format(30)
BARE = SULPHUR.replace("n_species=2 Z=16 species_Z={{16 30}}", "")
# name -> terms, and options of gap_fit instead of the usual ones
READ = {
    "sparse points inside the XML": ([MIXED, SULPHUR, ZINC], {"sparse_separate_file": "F"}),
    "e0 by element": ([MIXED, SULPHUR], {"e0": "{Zn:-3.0:S:-2.5}", "e0_method": None}),
    "one e0 for all": ([MIXED], {"e0": "-1.5", "e0_method": None}),
    "e0 shifted": ([MIXED], {"e0_offset": "0.7"}),
    "elements added to soap": ([BARE.replace("add_species=F", "add_species=T")], {}),
    "elements added to distance_2b": ([PAIR.format("").replace("add_species=F", "add_species=T")], {}),
    "elements added to others": ([MIXED.replace("add_species=F", "")], {}),
    "two terms for a pair": ([MIXED, MIXED.replace("cutoff=4.5", "cutoff=3.0").replace("delta=1.0", "delta=0.1")], {}),
    "two terms for an element": ([SULPHUR, SULPHUR.replace("cutoff=4.5", "cutoff=3.5").replace("l_max=3", "l_max=1")], {}),
    "theta by the range": ([MIXED.replace("theta_uniform=0.8", "theta_fac=0.5")], {}),
    "large weights that cancel": (
        [MIXED.replace("n_sparse=8", "n_sparse=50").replace("theta_uniform=0.8", "theta_uniform=2.0").replace("delta=1.0", "delta=10.0")],
        {},
    ),
    "keys of the fit alone": ([MIXED + " print_sparse_index=index.out", SULPHUR + " mark_sparse_atoms=T unique_hash_tolerance=1e-8"], {}),
    "training data inside": ([MIXED, SULPHUR], {"do_copy_at_file": "T"}),
    "covariance beside": ([MIXED], {"export_covariance": "T"}),
}
REFUSED = {
    "another kernel": ([MIXED.replace("ard_se", "pp").replace("theta_uniform=0.8", "theta_uniform=4.0")], {}, "distance_2b has another kernel than ard_se"),
    "pairs of any elements": ([PAIR.format("")], {}, "distance_2b for any element"),
    "soap of any element": ([SULPHUR.replace("Z=16 ", "")], {}, "soap for atoms of any element"),
    "a mean": ([MIXED + " f0=0.3"], {}, "signal_mean is not 0"),
    "compressed channels": ([SULPHUR + " nu_R=1"], {}, "soap has nu_R=1"),
    "mixed channels": ([SULPHUR + " R_mix=T K=3"], {}, "soap has .*=.*, "),
    "another cutoff function": ([SULPHUR + " cutoff_dexp=2 cutoff_scale=2.0 cutoff_rate=1.0"], {}, "soap has cutoff_dexp=2"),
    "sigma of the covariance": ([SULPHUR + " covariance_sigma0=0.1"], {}, "soap has covariance_sigma0=0.1"),
    "no weights": ([MIXED], {"sparsify_only_no_fit": "T"}, "the file holds no fitted potential"),
}


@pytest.fixture
def fit(gap_fit, tmp_path):
    def run(terms, options):
        return gap_fit(tmp_path, [zinc_blende(seed) for seed in range(2)], "gap={" + " : ".join(terms) + "}", **options)

    return run


def agree(ours: Path, theirs: Path):
    """Both files, ours by esgap and theirs by quippy: the same energies and forces."""
    atoms = zinc_blende(9)
    atoms.calc = Quippy(param_filename=str(theirs))
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = GAP(ours)
    assert atoms.get_potential_energy() == pytest.approx(energy, abs=ENERGY * len(atoms), rel=0)
    np.testing.assert_allclose(atoms.get_forces(), forces, atol=FORCE, rtol=0)
    assert np.abs(forces).max() > 0.1, "forces too small to compare"


@pytest.mark.parametrize("case", READ)
def test_read_as_quippy_reads_it(fit, case):
    terms, options = READ[case]
    xml = fit(terms, options)
    agree(xml, xml)


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(fit, case):
    terms, options, message = REFUSED[case]
    xml = fit(terms, options)
    with pytest.raises(EsgapError, match=message) as error:
        GAP(xml)
    assert re.match(rf"{xml}:\d+: ", str(error.value)) and "\n" not in str(error.value)


def test_inline_points_are_those_of_the_files(fit, tmp_path):
    terms = READ["sparse points inside the XML"][0]
    separate = GAP(fit(terms, {})).get_potential_energy(zinc_blende(9))
    assert GAP(fit(terms, {"sparse_separate_file": "F"})).get_potential_energy(zinc_blende(9)) == pytest.approx(separate, abs=1e-9)


def test_a_key_given_twice_counts_as_given_last(fit, tmp_path):
    xml = fit([MIXED, SULPHUR], {})
    twice = tmp_path / "twice.xml"
    twice.write_text(xml.read_text().replace("soap n_max", "soap cutoff=3.0 n_max").replace("distance_2b Z1", "distance_2b cutoff=3.0 Z1"))
    agree(twice, twice)
    agree(twice, xml)


def test_byte_order_mark(fit, tmp_path):
    xml = fit([MIXED], {})
    marked = tmp_path / "marked.xml"
    marked.write_bytes(b"\xef\xbb\xbf" + xml.read_bytes())
    agree(marked, xml)


SLICES = {
    "slice missing": (lambda text: re.sub(r'<sparseX_slice start="51".*?</sparseX_slice>', "", text, count=1, flags=re.DOTALL), "the slice starts at 101, expected 51"),
    "slices exchanged": (lambda text: text.replace('start="51" end="100"', 'start="101" end="150"', 1), "the slice starts at 101, expected 51"),
    "slice short": (lambda text: re.sub(r'(<sparseX_slice start="1" end="50">\s*)\S+', r"\1", text, count=1), "the slice holds 49 numbers, expected 50"),
    "last slice missing": (lambda text: re.sub(r'<sparseX_slice start="101".*?</sparseX_slice>', "", text, count=1, flags=re.DOTALL), "sparse point has 100 numbers, expected 145"),
    "another element": (lambda text: text.replace("sparseX_slice", "sparseX_part"), "<sparseX_part> in <sparseX> is not implemented"),
    "no number": (lambda text: re.sub(r'(<sparseX_slice start="1" end="50">\s*)\S+', r"\1 nan", text, count=1), "a sparse point is 'nan', not a number"),
}


@pytest.fixture(scope="module")
def inline(gap_fit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inline")
    return gap_fit(folder, [zinc_blende(seed) for seed in range(2)], "gap={" + SULPHUR + "}", sparse_separate_file="F")


@pytest.mark.parametrize("case", SLICES)
def test_damaged_slices(inline, tmp_path, case):
    change, message = SLICES[case]
    (tmp_path / "gap.xml").write_text(change(inline.read_text()))
    with pytest.raises(EsgapError, match=rf"gap.xml:\d+: .*{message}"):
        GAP(tmp_path / "gap.xml")

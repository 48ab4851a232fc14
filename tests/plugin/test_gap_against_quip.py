"""pair_style gap: the numbers of pair_style quip on the same file, differences, ranks, and refusals by name."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from harness import difference_forces, difference_stress, evaluate, launch

ROOT = Path(__file__).parents[2]
HEAD = "units metal\natom_style charge\nread_data data.test\n"
SHIPPED = [ROOT / "potentials" / "li7p3s11" / name / "gap.xml" for name in ("gap", "es-gap")]
PEA = "compute pea all pe/atom pair\n"


def native(xml):
    return HEAD + f"pair_style gap\npair_coeff * * {xml} Li P S\n" + PEA


def quip(xml):
    label = re.search(r'<Potential label="([^"]+)"', xml.read_text())[1]
    return HEAD + f'pair_style quip\npair_coeff * * {xml} "Potential xml_label={label}" 3 15 16\n' + PEA


def same(one, two, atoms):
    """To what the two evaluators agree: 5e-9 eV/atom, 1e-7 eV/Angstrom, 1e-6 of the stress."""
    assert one.energy == pytest.approx(two.energy, abs=5e-9 * len(atoms), rel=0)
    np.testing.assert_allclose(one.forces, two.forces, rtol=0, atol=1e-7)
    np.testing.assert_allclose(one.stress, two.stress, rtol=0, atol=1e-6 * np.abs(two.stress).max())
    np.testing.assert_allclose(one.peratom, two.peratom, rtol=0, atol=5e-9 * 240)


@pytest.mark.parametrize("xml", SHIPPED, ids=["gap", "es-gap"])
def test_shipped_potentials(li7p3s11, data_file, tmp_path, xml):
    data_file(li7p3s11)
    oracle = evaluate(quip(xml), tmp_path, peratom="c_pea")
    assert np.abs(oracle.forces).max() > 0.5
    for ranks in (1, 2, 4):
        same(evaluate(native(xml), tmp_path, ranks, peratom="c_pea"), oracle, li7p3s11)


def test_isolated_atoms_and_empty_domains(li7p3s11, data_file, tmp_path, tiny_gap):
    """One corner of a wide box is filled: most ranks own nothing, and one atom has no neighbour."""
    atoms = li7p3s11[:12]
    atoms.set_cell(np.diag([60.0, 60.0, 60.0]))
    atoms.positions = np.random.default_rng(5).uniform(0, 6.0, (12, 3)) + np.arange(12)[:, None] * 0.8
    atoms.positions[0] = [50.0, 50.0, 50.0]
    data_file(atoms)
    oracle = evaluate(quip(tiny_gap), tmp_path, peratom="c_pea")
    for ranks in (1, 4):
        same(evaluate(native(tiny_gap), tmp_path, ranks, peratom="c_pea"), oracle, atoms)


def test_cell_smaller_than_the_cutoff(data_file, tmp_path, tiny_gap):
    atoms = bulk("LiS", "rocksalt", a=5.1)
    atoms.rattle(0.1, seed=3)
    data_file(atoms)
    same(evaluate(native(tiny_gap), tmp_path, peratom="c_pea"), evaluate(quip(tiny_gap), tmp_path, peratom="c_pea"), atoms)


def test_forces_and_stress_by_central_differences(li7p3s11, data_file, tmp_path):
    data_file(li7p3s11)
    script = native(SHIPPED[1])
    result = evaluate(script, tmp_path)
    # Short steps: the cutoff function's second derivative jumps, which is an error of first order in the step.
    differences = difference_forces(script, tmp_path, ids=(1, 17, 31), h=1e-4)
    np.testing.assert_allclose(result.forces[[0, 16, 30]], differences, rtol=0, atol=5e-6)
    np.testing.assert_allclose(result.stress, difference_stress(script, tmp_path), rtol=0, atol=1e-7)


def test_null_type_of_another_style(li7p3s11, data_file, tmp_path, tiny_gap):
    """In hybrid, NULL leaves a type to another style; its atoms are not seen as neighbours either."""
    data_file(li7p3s11)
    lines = f"pair_style hybrid gap zero 5.0\npair_coeff * * gap {tiny_gap} Li P NULL\npair_coeff * 3 zero\n"
    forces = evaluate(HEAD + lines, tmp_path).forces
    assert np.abs(forces[li7p3s11.symbols == "S"]).max() == 0.0 and np.abs(forces[li7p3s11.symbols == "P"]).max() > 0.01


@pytest.fixture
def damaged(tmp_path, tiny_gap):
    """A function that copies the potential, replaces text in its XML, and returns the copy."""

    def change(*replacements):
        folder = tmp_path / "damaged"
        shutil.copytree(tiny_gap.parent, folder)
        text = (folder / tiny_gap.name).read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (folder / tiny_gap.name).write_text(text)
        return folder / tiny_gap.name

    return change


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("soap n_max", "soap_turbo n_max", "the term soap_turbo is not implemented"),
        ("central_weight=1.0", "central_weight=1.0 nu_R=1", "soap has nu_R=1, but only nu_R=2 is implemented"),
        ("central_weight=1.0", "central_weight=1.0 colour=red", "soap has the key colour=red, which is not implemented"),
        ('covariance_type="2"', 'covariance_type="1"', "another kernel than dot_product"),
        ('do_core="F"', 'do_core="T"', "has a core"),
        ("</gpSparse>", "</gpSpars>", "gap.xml:"),
        ('sparseX_md5sum="', 'sparseX_md5sum="0', "it was altered; restore it"),
        ("n_max=4", "n_max=5", "dimensions="),
    ],
)
def test_what_is_not_implemented_is_refused_by_name(li7p3s11, data_file, tmp_path, damaged, old, new, message):
    data_file(li7p3s11)
    done = launch(native(damaged((old, new))) + "run 0\n", tmp_path)
    assert done.returncode != 0 and message in done.stdout, done.stdout[-600:]


def test_short_sparse_file(li7p3s11, data_file, tmp_path, damaged):
    data_file(li7p3s11)
    xml = damaged()
    sparse = max(xml.parent.glob("*sparseX*"), key=lambda file: file.stat().st_size)
    sparse.write_text("\n".join(sparse.read_text().splitlines()[:100]) + "\n")
    done = launch(native(xml) + "run 0\n", tmp_path)
    assert done.returncode != 0 and f"{sparse.name}:101: has 100 numbers, expected" in done.stdout, done.stdout[-600:]


@pytest.mark.parametrize(
    "lines, message",
    [
        ("newton off\n" + HEAD + "pair_style gap\npair_coeff * * {xml} Li P S\nrun 0\n", "needs `newton on`"),
        (HEAD + "pair_style gap\npair_coeff * * {xml} Li P\n", "one element for each of the 3 atom types"),
        (HEAD + "pair_style gap\npair_coeff * * {xml} Li P Si\n", "has no element Si"),
        (HEAD + "pair_style gap\npair_coeff * * nowhere.xml Li P S\n", "nowhere.xml: cannot be opened"),
    ],
)
def test_refusals(li7p3s11, data_file, tmp_path, tiny_gap, lines, message):
    data_file(li7p3s11)
    done = launch(lines.format(xml=tiny_gap), tmp_path)
    assert done.returncode != 0 and message in done.stdout, done.stdout[-600:]

"""Small GAPs, made by gap_fit in seconds; committees that are made up, or taken away."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
from ase.io import write
from places import BIN, ENV

from esgap.potential import Potential, write_toml

LI_P_S = (3, 15, 16)


def gap_command(elements=LI_P_S, n_max=4, l_max=2, n_sparse=20, cutoff=5.0) -> str:
    """The value of gap_fit's `gap=` option: a 2-body term per pair and a SOAP term per element."""
    pairs = [(a, b) for i, a in enumerate(elements) for b in elements[i:]]
    terms = [
        f"distance_2b Z1={a} Z2={b} cutoff={cutoff} cutoff_transition_width=1.0 n_sparse=10 covariance_type=ard_se delta=1.0 "
        "theta_uniform=1.0 sparse_method=uniform add_species=F"
        for a, b in pairs
    ]
    species = " ".join(map(str, elements))
    terms += [
        f"soap n_max={n_max} l_max={l_max} atom_sigma=0.5 zeta=4 cutoff={cutoff} cutoff_transition_width=1.0 central_weight=1.0 "
        f"n_sparse={n_sparse} delta=0.3 covariance_type=dot_product sparse_method=cur_points add_species=F "
        f"n_species={len(elements)} Z={z} species_Z={{{{{species}}}}}"
        for z in elements
    ]
    return "gap={" + " : ".join(terms) + "}"


def fit_gap(folder: Path, configurations: list, command: str, **options: str | None) -> Path:
    """Run gap_fit on labelled configurations (keys dft_*) in `folder`; return the XML file. `options` replace those below; None takes one out."""
    write(folder / "train.xyz", configurations)
    keys = dict(
        e0_method="average", default_sigma="{0.001 0.1 0.05 0.0}", energy_parameter_name="dft_energy", force_parameter_name="dft_force",
        virial_parameter_name="dft_virial", sparse_jitter="1e-10", do_copy_at_file="F", sparse_separate_file="T", gp_file="gap.xml", rnd_seed="1",
    ) | options  # fmt: skip
    argv = [str(BIN / "gap_fit"), "at_file=train.xyz", command, *(f"{k}={v}" for k, v in keys.items() if v is not None)]
    done = subprocess.run(argv, cwd=folder, env=ENV, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    return folder / "gap.xml"


def write_committee(xml: Path, members: int) -> None:
    """Members beside `xml`: files whose weights differ from its own by a thousandth, and their e0 of lithium by 0.001 eV each."""
    rng = np.random.default_rng(3)
    for k in range(1, members + 1):
        text = re.sub(r'alpha="([^"]*)"', lambda m: f'alpha="{float(m[1]) * (1 + 1e-3 * rng.normal()):.17e}"', xml.read_text())
        text = re.sub(r'(<e0 Z="3" value=)"([^"]*)"', lambda m, k=k: f'{m[1]}"{float(m[2]) + 0.001 * k}"', text)
        xml.with_name(f"{xml.stem}.member-{k:02d}.xml").write_text(text)


def without_committee(shipped: Path, folder: Path) -> Path:
    """A copy of a potential folder without its committee, if it has one; called as its folder is."""
    potential = Potential.load(shipped)
    shutil.copytree(shipped, folder, ignore=shutil.ignore_patterns("*member*"))
    files = {file: value for file, value in potential.gap.files.items() if "member" not in file}
    write_toml(potential.model_copy(update={"name": folder.name, "gap": potential.gap.model_copy(update={"files": files, "members": ()})}), folder)
    return folder

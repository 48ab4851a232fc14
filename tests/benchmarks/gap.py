"""pair_style gap beside pair_style quip: milliseconds per atom and step, scaling, memory. Prints ratios, asserts nothing.

All runs of a table follow one another on the same machine. Times are processor time (LAMMPS's loop time times its CPU use): on a
busy machine the loop time also counts waiting, and caches are shared with other programs, which costs either style some 10 to 50 %.
The speed-up of two ranks is theirs, too: ranks that wait for each other use processor time.
"""

import argparse
import hashlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the floor below is one core's

import numpy as np
from ase import Atoms
from ase.io import read, write

sys.path.insert(0, str(Path(__file__).parent))
from styles import ELEMENTS, ROOT, launch, loop_seconds  # noqa: E402

from esgap.calculators import Descriptor, kernels  # noqa: E402

CRYSTAL = ROOT / "inputs" / "structures" / "li7p3s11.cif"
NUMBERS = {"Li": 3, "P": 15, "S": 16}
SPARSE = 1000  # points an element of the large potential
MEMBERS = 16
ROUNDS = 3

SCRIPT = """
units metal
atom_style charge
read_data data.bench
{styles}
{extra}
velocity all create 300 1
fix 1 all nve
timestep 0.0005
run {warm}
run {steps}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="aimed length of each timed run")
    parser.add_argument("--large", type=int, nargs="+", default=[84, 504, 8064], help="atoms in the table of sizes, multiples of 42")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = large_potential(folder / "large")
        shipped = [ROOT / "potentials" / "li7p3s11" / model / "gap.xml" for model in ("gap", "es-gap")]
        print(f"kernels {kernels()}\n")
        engines([xml for xml in (*shipped, large) if xml.exists()], folder, options.seconds)
        floor(large)
        sizes(large, folder, options)
        extras([xml for xml in (shipped[1], large) if xml.exists()], folder, options.seconds)


def engines(potentials, folder, seconds):
    """Both engines on 84 atoms and one rank, one after the other for each potential."""
    print(f"{'84 atoms, 1 rank':44} {'quip':>8} {'gap':>8}   ms/atom/step  ratio")
    for xml in potentials:
        quip, gap = (measure(style(xml, engine), folder, cells(84), seconds)[0] for engine in ("quip", "gap"))
        print(f"{describe(xml):44} {quip:8.3f} {gap:8.4f} {quip / gap:20.1f}", flush=True)


def floor(xml):
    """The two matrix products alone, by numpy's BLAS on the same shapes, in blocks of 32 atoms."""
    rng = np.random.default_rng(1)
    x, p = rng.normal(size=(SPARSE, 1500)), rng.normal(size=(32, 1500))
    best = np.inf
    for _ in range(20):
        start = time.process_time()
        w = p @ x.T
        w @ x
        best = min(best, time.process_time() - start)
    print(f"\nfloor: the two matrix products of D = 1500 and {SPARSE} points by numpy's BLAS: {best / 32 * 1e3:.4f} ms/atom")


def sizes(xml, folder, options):
    """gap alone: sizes, and two ranks; the least time of several rounds through all."""
    print(f"\n{describe(xml)}: {'atoms':>8} {'ranks':>6} {'ms/atom/step':>13} {'wall':>8}   speed-up   MB a rank (LAMMPS)")
    rounds = [{(n, r): measure(style(xml, "gap"), folder, cells(n), options.seconds, r) for n in options.large for r in (1, 2)} for _ in range(ROUNDS)]
    best = {key: min((one[key] for one in rounds), key=lambda run: run[0]) for key in rounds[0]}
    for atoms in options.large:
        single = best[atoms, 1][0]
        for ranks in (1, 2):
            cpu, wall, log = best[atoms, ranks]
            memory = re.findall(r"Per MPI rank memory allocation \(min/avg/max\) = \S+ \| \S+ \| (\S+) Mbytes", log)[-1]
            print(f"{'':{len(describe(xml))}}  {atoms:8} {ranks:6} {cpu:13.4f} {wall:8.4f} {ranks * single / cpu:10.2f} {memory:>20}", flush=True)


def extras(potentials, folder, seconds):
    """What more than energies and forces costs, at every step; the least times of several rounds."""
    print(f"\n{'504 atoms, at every step':44} {'alone':>8} {'with':>8}   ms/atom/step")
    for xml in potentials:
        with_members = committee(xml, folder / f"committee-{xml.parent.name}")
        cases = {
            "whole descriptors": (style(xml, "gap shorten no"), ""),
            "uncertainty": (style(xml, "gap"), "fix u all pair 1 gap stddev 1"),
            f"committee of {MEMBERS}": (style(with_members, "gap committee yes"), "compute m all pair gap\nthermo_style custom step c_m[1]\nthermo 1"),
        }
        plain = (style(xml, "gap"), "thermo_style custom step pe\nthermo 1")
        rounds = [[measure(styles, folder, cells(504), seconds, extra=extra)[0] for styles, extra in (plain, *cases.values())] for _ in range(ROUNDS)]
        alone, *others = np.min(rounds, axis=0)
        for name, time_with in zip(cases, others, strict=True):
            print(f"{xml.parent.name + ', ' + name:44} {alone:8.4f} {time_with:8.4f}   {100 * (time_with / alone - 1):+.0f} %", flush=True)


def committee(xml: Path, folder: Path) -> Path:
    """A copy of the potential with MEMBERS members, all of its own weights."""
    folder.mkdir()
    for file in xml.parent.glob("*.sparseX.*"):
        (folder / file.name).symlink_to(file)
    for name in ("gap.xml", *(f"gap.member-{k:02d}.xml" for k in range(1, MEMBERS + 1))):
        (folder / name).symlink_to(xml)
    return folder / "gap.xml"


def measure(styles: str, folder: Path, atoms: Atoms, seconds: float, ranks: int = 1, extra: str = "") -> tuple[float, float, str]:
    """Processor and wall time in ms per atom and step, and the log: two steps to learn their length, then about `seconds`."""
    atoms.set_initial_charges(np.zeros(len(atoms)))
    write(folder / "data.bench", atoms, format="lammps-data", atom_style="charge", specorder=list(ELEMENTS), masses=True, units="metal")
    steps = 2
    for _ in range(2):
        done = launch(SCRIPT.format(styles=styles, extra=extra, warm=min(steps, 5), steps=steps), folder, ranks)
        if done.returncode != 0:
            raise SystemExit(done.stdout[-1500:])
        loop = loop_seconds(done.stdout)["Loop"]
        use = float(re.findall(r"^(\S+)% CPU use", done.stdout, flags=re.MULTILINE)[-1])
        wall = 1e3 * loop / steps / len(atoms)
        steps = max(2, min(2000, int(seconds / (loop / steps))))
    return wall * use / 100 * ranks, wall, done.stdout


def style(xml: Path, engine: str) -> str:
    if engine.startswith("gap"):
        return f"pair_style {engine}\npair_coeff * * {xml} {' '.join(ELEMENTS)}"
    label = re.search(r'<Potential label="(\S+)"', xml.read_text())[1]
    return f'pair_style quip\npair_coeff * * {xml} "Potential xml_label={label}" {" ".join(map(str, NUMBERS.values()))}'


def describe(xml: Path) -> str:
    points = [int(n) for n in re.findall(r'covariance_type="2".*?n_sparseX="(\d+)"', xml.read_text())]
    return f"{xml.parent.name} ({len(points)} soap terms, {sum(points)} points)"


def cells(atoms: int) -> Atoms:
    """The crystal repeated to about `atoms` atoms, rattled."""
    copies = atoms // 42
    repeat = min(
        ((a, b, copies // (a * b)) for a in range(1, copies + 1) for b in range(1, copies + 1) if copies % (a * b) == 0),
        key=lambda r: np.ptp(np.array(r) * [13, 6, 11]),
    )
    out = read(CRYSTAL).repeat(repeat)
    out.rattle(0.05, seed=7)
    return out


def large_potential(folder: Path) -> Path:
    """A file of three soap terms with SPARSE points each, D = 1501, from rattled crystals; its weights are random numbers."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    lines = ['<large><Potential label="large" init_args="IP GAP label=large"/><GAP_params label="large" gap_version="1769700636"><GAP_data do_core="F">']
    lines += [f'<e0 Z="{z}" value="0.0"/>' for z in range(1, 119)]
    lines += ['</GAP_data><gpSparse label="large" n_coordinate="3" fitted="T">']
    for number, z in enumerate(NUMBERS.values(), start=1):
        keys = f"soap n_max=8 l_max=4 atom_sigma=0.5 zeta=4 cutoff=6.0 cutoff_transition_width=1.0 n_species=3 Z={z} species_Z={{3 15 16}}"
        points = sparse_points(Descriptor(keys), rng)
        text = "".join(f"{x:.17e}\n" for x in points.ravel())
        name = f"large.sparseX.{number}"
        (folder / name).write_text(text)
        lines.append(
            f'<gpCoordinates label="large{number}" dimensions="{points.shape[1]}" signal_variance="0.3" signal_mean="0.0" sparsified="T" '
            f'n_permutations="1" covariance_type="2" zeta="4.0" n_sparseX="{SPARSE}" sparseX_filename="{name}" '
            f'sparseX_md5sum="{hashlib.md5(text.encode()).hexdigest()}"><descriptor>{keys}</descriptor><permutation i="1">1</permutation>'
        )
        lines += [f'<sparseX i="{i}" alpha="{a:.16e}" sparseCutoff="1.0"/>' for i, a in enumerate(rng.normal(scale=0.01, size=SPARSE), start=1)]
        lines.append("</gpCoordinates>")
    lines.append("</gpSparse></GAP_params></large>")
    (folder / "gap.xml").write_text("\n".join(lines))
    return folder / "gap.xml"


def sparse_points(descriptor: Descriptor, rng) -> np.ndarray:
    crystal, found = read(CRYSTAL), []
    while sum(map(len, found)) < SPARSE:
        atoms = crystal.copy()
        atoms.rattle(0.15, rng=rng)
        found.append(descriptor.calculate(atoms))
    return np.concatenate(found)[:SPARSE]


if __name__ == "__main__":
    main()

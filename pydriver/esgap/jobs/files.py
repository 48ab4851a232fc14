"""The jobs as a shell script, as a Makefile and as a batch job: a deck folder runs without Python, on any machine."""

import shlex
from collections.abc import Iterable

from esgap.jobs.job import Job, edges
from esgap.jobs.launchers import launchers
from esgap.jobs.resources import Resources

STAMP = "finished"  # in a job's folder, made when its command has ended well
NODE = 32  # cores asked for when the study does not tell and there are jobs for more

SCRIPT = """\
#!/bin/sh
# The jobs of this folder, one after the other in an order in which each finds its inputs. Finished ones are skipped.
# Side by side and resumable: make -j2 -k
set -e
cd "$(dirname "$0")"
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
"""

MAKEFILE = """\
# The jobs of this folder: `make -j2 -k` runs two at a time, goes on when one fails, and resumes. No Python is needed.
# LMP and LAUNCH can be given: make LMP=/opt/lmp LAUNCH='srun --exact -N1 -n $(RANKS)'
LMP ?= {lmp}
LAUNCH ?= {launcher}
export OMP_NUM_THREADS ?= 1

all: {all}
.PHONY: all
"""

RULE = """
{several}{name}/{stamp}: | {needs}
\tmkdir -p {name}
\t{command}
\ttouch $@
"""

SLURM = """\
#!/bin/bash
# The jobs of this folder in an allocation of one node:    sbatch job.slurm
# Ended by the time limit, or by scancel? The same command goes on; finished jobs are kept.
# Options on the command line come first, for example:     sbatch --ntasks=32 --time=2:00:00 --partition=short job.slurm
#SBATCH --job-name={name}
#SBATCH --nodes=1
#SBATCH --ntasks={cores}
#SBATCH --time=24:00:00
#SBATCH --output=slurm-%j.out
# More that a cluster may ask for (memory by core, since a step takes all that is given to the node otherwise):
##SBATCH --partition=NAME
##SBATCH --account=NAME
##SBATCH --mem-per-cpu=2G

# Where lmp is: an environment with esgap, or modules and LAMMPS_PLUGIN_PATH for a LAMMPS of your own.
#   . $HOME/esgap/.venv/bin/activate
#   module load lammps; export LAMMPS_PLUGIN_PATH=$HOME/esgap/build/lammps-plugin

cd "$SLURM_SUBMIT_DIR" || exit 1
export OMP_NUM_THREADS=1

# So many jobs side by side as have room; those of several ranks are steps of this allocation. No Python is needed.
make -j "$((SLURM_NTASKS > {ranks} ? SLURM_NTASKS / {ranks} : 1))" -k LAUNCH={launcher}

# Instead of make, where esgap is installed on the nodes (with records, and jobs that are known only after others):
#   esgap run STUDY.toml -o .
"""


def commands(jobs: tuple[Job, ...], resources: Resources) -> str:
    """The shell script `commands.sh`."""
    lines = []
    for job in jobs:
        stamp = f"{job.name}/{STAMP}"
        words = shlex.join(resources.words(job))
        lines += [f"test -e {stamp} || {{", f"  mkdir -p {job.name}", f"  {words}", f"  touch {stamp}", "}"]
    return SCRIPT + "\n".join(lines) + "\n"


def makefile(jobs: tuple[Job, ...], resources: Resources) -> str:
    """The `Makefile`; a job needs the stamps of those that leave its inputs, whatever their times: a copy may have lost these."""
    head = MAKEFILE.format(lmp=shlex.quote(resources.lmp).replace("$", "$$"), launcher=_for_make(resources.launcher), all=_stamps(job.name for job in jobs))
    needs = edges(jobs)
    return head + "".join(
        RULE.format(name=job.name, stamp=STAMP, several=_several(job), needs=_stamps(sorted(needs[job.name])), command=_recipe(job)) for job in jobs
    )


def _for_make(launcher: str) -> str:
    """A launcher with Make's variable for the number of ranks."""
    return launcher.replace("$", "$$").format(ranks="$(RANKS)")


def _recipe(job: Job) -> str:
    program = "$(LMP)" if job.command[0] == "lmp" else job.command[0]
    words = " ".join([program, shlex.join(job.command[1:]).replace("$", "$$")])
    return words if job.ranks == 1 or job.starts_ranks else f"$(LAUNCH) {words}"


def _several(job: Job) -> str:
    return f"{job.name}/{STAMP}: RANKS = {job.ranks}\n" if job.ranks > 1 else ""


def _stamps(names: Iterable[str]) -> str:
    return " ".join(f"{name}/{STAMP}" for name in names)


def job_slurm(jobs: tuple[Job, ...], resources: Resources, name: str) -> str:
    """The batch job `job.slurm`, called `name` in the queue."""
    ranks = max((job.ranks for job in jobs), default=1)
    launcher = resources.launcher if resources.launcher.startswith("srun") else launchers()["slurm"]["command"]
    cores = max(ranks, resources.cores or min(ranks * len(jobs), NODE))
    return SLURM.format(name=name, cores=cores, ranks=ranks, launcher=shlex.quote(_for_make(launcher)))

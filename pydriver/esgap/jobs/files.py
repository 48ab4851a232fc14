"""The jobs as a shell script and as a Makefile: a deck folder runs without Python, on any machine."""

import shlex

from esgap.jobs.job import Job, edges
from esgap.jobs.resources import Resources

STAMP = "finished"  # in a job's folder, made when its command has ended well

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
# LMP and LAUNCH can be given: make LMP=/opt/lmp LAUNCH='srun --exact -N1 -n'
LMP ?= {lmp}
LAUNCH ?= {launcher}
export OMP_NUM_THREADS ?= 1

all: {all}
.PHONY: all
"""

RULE = """
{name}/{stamp}: {needs}
\tmkdir -p {name}
\t{command}
\ttouch $@
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
    """The `Makefile`; a job needs the stamps of those that leave its inputs."""
    launcher = resources.launcher.replace("{ranks}", "").strip()
    head = MAKEFILE.format(lmp=resources.lmp, launcher=launcher, all=" ".join(f"{job.name}/{STAMP}" for job in jobs))
    needs = edges(jobs)
    return head + "".join(
        RULE.format(name=job.name, stamp=STAMP, needs=" ".join(sorted(f"{name}/{STAMP}" for name in needs[job.name])), command=_recipe(job)) for job in jobs
    )


def _recipe(job: Job) -> str:
    program = "$(LMP)" if job.command[0] == "lmp" else job.command[0]
    words = " ".join([program, shlex.join(job.command[1:]).replace("$", "$$")])
    return words if job.ranks == 1 or job.starts_ranks else f"$(LAUNCH) {job.ranks} {words}"

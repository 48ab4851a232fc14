"""Where the repository and the programs of its environment are."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CIF = ROOT / "inputs" / "structures" / "li7p3s11.cif"
TRAINING = ROOT / "potentials" / "li7p3s11" / "training" / "li7p3s11-pbe.extxyz"
ENV = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", OMP_NUM_THREADS="1")  # of a user in the activated environment

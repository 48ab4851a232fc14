"""in.md killed with -9 at 20 random moments: every time the same frames, each once, and the same analysis (minutes)."""

import numpy as np
from killable import killable, same

from esgap.physics.displacement import mean_squared_displacement


def test_twenty_kills(tmp_path):
    whole = killable(tmp_path / "whole")
    whole.to_the_end()
    random, kills, runs = np.random.default_rng(7), 0, 0
    while kills < 20:
        one = killable(tmp_path / f"killed{runs}")
        kills += one.with_kills(random, 4)
        runs += 1
        same(one, whole)
        msd = [mean_squared_displacement(run.trajectory().positions)[1:20] for run in (one, whole)]
        np.testing.assert_allclose(msd[0], msd[1], rtol=1e-6, atol=0)
    print(f"{kills} kills in {runs} runs")

"""Sites, hops, events and contributions on a schedule of jumps that is known, in a triclinic cell."""

import numpy as np
import pytest

from esgap.physics.hops import Sites, contributions, find_sites, group_events, hopping

CELL = np.array([[12.5, 0.0, 0.0], [5.5, 11.4, 0.0], [-4.0, -5.0, 10.2]])  # angles far from 90 degrees
PLACES = np.array([[0.02, 0.1, 0.1], [0.27, 0.1, 0.1], [0.52, 0.1, 0.1], [0.77, 0.1, 0.1], [0.02, 0.6, 0.6], [0.52, 0.6, 0.6]]) @ CELL
INTERVAL = 0.1


def schedule(jumps: list[tuple[float, int, int, tuple[int, int, int]]], starts: list[int], length: float = 60.0, seed: int = 0) -> np.ndarray:
    """Ions at the places `starts` that jump at (ps, ion, place, image): positions (F, M, 3), vibrating by 0.15 Angstrom."""
    frames = round(length / INTERVAL) + 1
    homes = np.repeat(PLACES[starts][None], frames, axis=0)
    for time, ion, place, image in jumps:
        homes[round(time / INTERVAL) :, ion] = PLACES[place] + np.array(image) @ CELL
    return homes + 0.15 * np.random.default_rng(seed).standard_normal(homes.shape)


JUMPS = [
    (10.0, 0, 1, (0, 0, 0)),
    (20.0, 2, 4, (1, 0, 0)),  # through the boundary: from place 5 to place 4 of the next cell
    (30.0, 1, 3, (0, 0, 0)),  # pushed by ion 0, which follows
    (30.1, 0, 2, (0, 0, 0)),
    (40.0, 0, 1, (0, 0, 0)),  # a short look, and back: no hop
    (40.2, 0, 2, (0, 0, 0)),
    (50.0, 2, 5, (1, 0, 0)),
]


def test_the_schedule_is_found():
    runs = [schedule(JUMPS, [0, 2, 5])]
    found = hopping(runs, np.array([7, 8, 9]), INTERVAL, CELL)
    _, distance = found.sites.nearest(PLACES, CELL)
    assert distance.max() < 0.15 and len(found.sites.positions) == len(PLACES)
    place = dict(zip(found.sites.nearest(PLACES, CELL)[0] + 1, range(len(PLACES))))
    table = found.table
    assert [(h.ion, place[h._3], place[h.to]) for h in table.itertuples()] == [(7, 0, 1), (9, 5, 4), (8, 2, 3), (7, 1, 2), (9, 4, 5)]
    np.testing.assert_allclose(table["end_ps"], [10.0, 20.0, 30.0, 30.1, 50.0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(table["end_ps"] - table["start_ps"], INTERVAL, rtol=0, atol=1e-9)
    vectors = [CELL[0] / 4, CELL[0] / 2, CELL[0] / 4, CELL[0] / 4, CELL[0] / 2]
    np.testing.assert_allclose(table[["dx", "dy", "dz"]], vectors, rtol=0, atol=0.25)
    assert table["event"].tolist() == [1, 2, 3, 3, 4]
    assert table["contribution"].sum() == pytest.approx(1.0)
    assert table["contribution"].iloc[2] == pytest.approx(2 * table["contribution"].iloc[0], rel=0.2)  # |2 d|^2 / 2 against |d|^2
    # Stays within the run: 10 to 30 ps, 20 to 50 ps.
    assert sorted(found.residences.round(1)) == pytest.approx([20.0, 29.9], abs=0.2)
    assert found.per_ion == pytest.approx(5 / 3)
    paths = found.paths()
    assert paths["count"].sum() == 5
    back = next(p for p in paths.to_dict("records") if {place[p["from"]], place[p["to"]]} == {4, 5})
    assert back["count"] == 2 and back["net"] == 0.0 and back["rate"] == pytest.approx(2 / (3 * 60.0) * 1000)


def test_an_exchange_carries_nothing():
    jumps = [(20.0, 0, 1, (0, 0, 0)), (20.0, 1, 0, (0, 0, 0)), (40.0, 2, 5, (0, 0, 0))]
    table = hopping([schedule(jumps, [0, 1, 4])], np.array([1, 2, 3]), INTERVAL, CELL).table
    assert table["event"].tolist() == [1, 1, 2]
    np.testing.assert_allclose(table["contribution"], [0.0, 0.0, 1.0], rtol=0, atol=0.02)


def test_hops_far_apart_in_space_or_time_are_events_of_their_own():
    jumps = [(20.0, 0, 1, (0, 0, 0)), (20.0, 2, 5, (0, 0, 0)), (20.8, 1, 3, (0, 0, 0))]
    table = hopping([schedule(jumps, [0, 2, 4])], np.array([1, 2, 3]), INTERVAL, CELL).table
    assert table["event"].nunique() == 3


def test_runs_are_pooled():
    runs = [schedule(JUMPS, [0, 2, 5], seed=s) for s in range(2)]
    table = hopping(runs, np.array([7, 8, 9]), INTERVAL, CELL).table
    assert table["hop"].tolist() == list(range(1, 11)) and table["run"].tolist() == [0] * 5 + [1] * 5
    assert table["event"].tolist() == [1, 2, 3, 3, 4, 5, 6, 7, 7, 8] and table["contribution"].sum() == pytest.approx(1.0)


def test_nobody_moves():
    found = hopping([schedule([], [0, 2, 5])], np.array([1, 2, 3]), INTERVAL, CELL)
    assert found.table.empty and found.residence is None and found.per_ion == 0 and found.paths().empty
    assert len(group_events(found.table, found.sites, CELL)) == 0 and len(contributions(found.table)) == 0


def test_nearest_site_in_a_skewed_cell_is_that_of_many_images():
    random = np.random.default_rng(2)
    skewed = np.array([[9.0, 0.0, 0.0], [8.0, 6.0, 0.0], [-7.5, 5.5, 5.0]])
    places, points = random.uniform(-1, 2, (7, 3)) @ skewed, random.uniform(-3, 3, (300, 3)) @ skewed
    images = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), -1).reshape(-1, 3) @ skewed
    index, distance = Sites(places, np.ones(7), 1.0).nearest(points, skewed)
    for k in range(0, 300, 10):
        lengths = np.linalg.norm(points[k] - places[:, None] - images, axis=-1).min(axis=1)
        assert index[k] == lengths.argmin() and distance[k] == pytest.approx(lengths.min(), abs=1e-9)


def test_sites_do_not_depend_on_the_number_of_frames_or_an_image():
    positions = schedule(JUMPS, [0, 2, 5])
    one, other = (find_sites(p, CELL) for p in (positions, np.concatenate([positions + 3 * CELL[1], positions])))
    np.testing.assert_allclose(one.positions, other.positions, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.occupation, other.occupation, rtol=1e-9, atol=0)

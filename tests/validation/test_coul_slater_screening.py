"""The accuracy of S(r) for every pair of principal quantum numbers: the everyday test of three pairs, run over all."""

import itertools

import pytest
from screening_reference import check_screening, compile_driver


@pytest.fixture(scope="module")
def screening(tmp_path_factory):
    return compile_driver(tmp_path_factory.mktemp("driver"))


@pytest.mark.parametrize("n", itertools.product(range(1, 5), repeat=2), ids=str)
def test_screening(screening, n):
    check_screening(screening, n)

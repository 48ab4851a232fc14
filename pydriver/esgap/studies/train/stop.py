"""When another generation is not worth its labels."""

from collections.abc import Sequence

PATIENCE = 2  # generations


def improved(errors: Sequence[dict[str, float]], share: float) -> list[bool]:
    """For each generation whether one of its errors, key by key, is lower by more than `share` than the lowest before; the first has improved."""
    out = []
    for g, now in enumerate(errors):
        best = {key: min(before[key] for before in errors[:g] if key in before) for key in now if any(key in before for before in errors[:g])}
        out.append(g == 0 or any(now[key] < (1 - share) * best[key] for key in best))
    return out


def settled(observables: Sequence[float | None], tolerance: float) -> list[bool]:
    """For each generation whether its observable is that of the one before; one without a value is not settled."""
    pairs = zip([None, *observables[:-1]], observables, strict=True)
    return [old is not None and new is not None and abs(new - old) < tolerance for old, new in pairs]


def finished(errors: Sequence[dict[str, float]], share: float, observables: Sequence[float | None] | None = None, tolerance: float = 0.0) -> bool:
    """True after PATIENCE generations that brought nothing: no error improved, the observable (where there is one) settled."""
    still = [not better for better in improved(errors, share)]
    if observables is not None:
        still = [one and other for one, other in zip(still, settled(observables, tolerance), strict=True)]
    return all(still[-PATIENCE:])

"""How long each part of `make validate` took, and all of them: they are to stay within LIMIT on two idle cores."""

from collections import Counter
from pathlib import Path

LIMIT = 90  # minutes


def pytest_terminal_summary(terminalreporter):
    spent: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration"):
                spent[Path(report.nodeid.split("::")[0]).stem.removeprefix("test_")] += report.duration
    if sum(spent.values()) > 1:
        terminalreporter.section("minutes by part")
        for part, seconds in spent.most_common():
            terminalreporter.line(f"{seconds / 60:6.1f}  {part}")
        terminalreporter.line(f"{sum(spent.values()) / 60:6.1f}  of {LIMIT}")

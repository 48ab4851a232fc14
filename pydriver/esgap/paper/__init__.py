"""A publication as data: its cases are run, and what it prints stands beside what came out (inputs/paper/paper.toml)."""

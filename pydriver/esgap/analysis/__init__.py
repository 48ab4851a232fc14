"""Physics on plain data: no files, no processes."""

"""Tables and figures from result.json."""

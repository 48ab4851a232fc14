"""Formation energy of a Frenkel pair in a uniform electric field."""

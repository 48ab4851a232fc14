"""Born effective charges and the electronic permittivity from small fields."""

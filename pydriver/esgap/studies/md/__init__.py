"""Ionic conductivity and hops from molecular dynamics."""

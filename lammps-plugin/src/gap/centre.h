// An atom and its neighbours: what every term reads and adds to.
#pragma once

namespace esgap::gap {

struct Neighbour {
  double x, y, z, r;    // from the centre, Angstrom
  int species;          // index into Model::elements()
};

struct Centre {
  const Neighbour *neighbours;
  int count;
  int species;
  double energy;       // eV; terms add to it
  double variance;     // eV^2, predictive, when asked for; terms add to it
  double *members;     // eV, of a committee, Committee::stride() numbers, when asked for; terms add to them
  double *gradient;    // 3 x count, eV/Angstrom: derivative of the energy by each neighbour's place; terms add to it
};

}    // namespace esgap::gap

// The QUIP library inside the `quippy-ase` wheel, opened at run time. Nothing here knows LAMMPS.
#pragma once

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace esgap {

// What stopped QUIP: its own message where it gave one.
struct QuipError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Atoms of one rank, local ones first, then ghosts (nlocal + nghost in all). Angstrom.
struct QuipAtoms {
  int nlocal = 0;
  int nghost = 0;
  const int *tags = nullptr;              // [nlocal + nghost]
  const double *positions = nullptr;      // [nlocal + nghost][3]
  double lattice[9] = {};                 // the cell vectors a, b, c, one after the other
  std::vector<int> atomic_numbers;        // [nlocal + nghost]
  std::vector<int> centres;               // local atoms that have a list, counted from 0
  std::vector<int> neighbour_counts;      // [centres]
  std::vector<int> neighbours;            // their full lists, one after the other, counted from 1
};

// eV, eV/Angstrom; virials 3 x 3 in eV, positive trace for positive pressure.
struct QuipResult {
  double energy = 0.0;
  double virial[9] = {};
  std::vector<double> local_energies;    // [nlocal + nghost]
  std::vector<double> local_virials;     // [nlocal + nghost][9]
  std::vector<double> forces;            // [nlocal + nghost][3]
};

// The potential of this process: QUIP keeps one, so a second live object is refused.
class QuipPotential {
 public:
  // `init_args` picks the potential in the XML file: "Potential xml_label=LABEL".
  QuipPotential(const std::string &file, const std::string &init_args);
  ~QuipPotential();
  QuipPotential(const QuipPotential &) = delete;
  QuipPotential &operator=(const QuipPotential &) = delete;

  double cutoff() const { return cutoff_; }    // Angstrom
  void evaluate(QuipAtoms &atoms, QuipResult &result);

 private:
  double cutoff_ = 0.0;
  std::vector<int> handle_;    // QUIP's pointer to its potential, spread over integers
};

// Atomic numbers that the XML file names in its descriptors or types; empty when it names none (it may then take any).
std::set<int> quip_elements(const std::string &file);

}    // namespace esgap

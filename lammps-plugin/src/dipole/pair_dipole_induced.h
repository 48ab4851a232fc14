// pair_style dipole/induced: the energy that induced dipoles add to fixed charges. The lattice sums are in mesh.h.
#pragma once

#include "mesh.h"

#include "pair.h"

#include <array>
#include <deque>
#include <string>
#include <vector>

namespace esgap {

class PairDipoleInduced : public LAMMPS_NS::Pair {
 public:
  explicit PairDipoleInduced(LAMMPS_NS::LAMMPS *);
  ~PairDipoleInduced() override;

  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void write_restart(FILE *) override;
  void read_restart(FILE *) override;
  void write_restart_settings(FILE *) override;
  void read_restart_settings(FILE *) override;
  void write_data(FILE *) override;
  void write_data_all(FILE *) override;
  void *extract(const char *, int &) override;
  void *extract_peratom(const char *, int &) override;
  double memory_usage() override;

 private:
  void allocate();
  void follow_box();
  void place_atoms();
  void guess();
  void keep_guess();
  void solve();
  void refuse_no_minimum() const;
  Mesh::Field field_of(const std::vector<int> &which, const double *q, const Vector *p);
  std::vector<Vector> curvature(const std::vector<Vector> &, Mesh::Field &);
  Vector field_on(int) const;
  void tally(int, int);
  double sum(double) const;
  double coulomb() const;
  double stiffness(int i) const;    // C (1/alpha - s) of atom i, eV/(e Angstrom)^2

  double eta = 0.0, accuracy = 1e-6, tolerance = 1e-6;
  double *alpha = nullptr;    // by type, Angstrom^3
  Mesh mesh;
  bool first_of_run = true;
  std::array<double, 7> last_box{};
  Mesh::Field of_q, of_mu;
  std::vector<int> everyone, polarisable;    // local atoms
  std::vector<Vector> mu, of_charges, residual;    // by local atom: dipoles; dU/d(mu) of the charges alone; -dU/d(mu)
  std::vector<double> charges;
  std::deque<std::vector<double>> history;         // dipoles of the last steps by tag, the newest first, on every rank
  struct Field {
    Vector value;
    int groupbit;
  };
  std::vector<Field> fields;
  double **shown = nullptr;    // dipoles for extract_peratom
  int shown_max = 0;
  int iterations = 0;
};

}    // namespace esgap

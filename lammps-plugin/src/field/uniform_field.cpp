#include "uniform_field.h"

#include <cmath>

namespace esgap {
namespace {

using Tensor = std::array<double, 6>;
constexpr std::array<std::array<int, 2>, 6> VOIGT = {{{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}}};

Vector times(double factor, const Vector &a) { return {factor * a[0], factor * a[1], factor * a[2]}; }

Vector direction(const Cell &cell, int k)
{
  Vector a = cell.edge(k);
  const double length = std::sqrt(dot(a, a));
  for (double &x : a) x /= length;
  return a;
}

// w . dG/d(strain) for the field G = sum_k g_k a_k/|a_k|: a unit vector n turns by e n - n (n.e n) under the strain e.
Tensor turning(const Cell &cell, const Vector &given, const Vector &w)
{
  Tensor sum{};
  for (int k = 0; k < 3; ++k) {
    const Vector n = direction(cell, k);
    for (int v = 0; v < 6; ++v) {
      const auto [i, j] = VOIGT[v];
      sum[v] += given[k] * (w[i] - dot(w, n) * n[i]) * n[j];
    }
  }
  return sum;
}

}    // namespace

FieldState field_state(const FieldControl &control, const Cell &cell, const Vector &given, const Vector &p, double inverse_eps0)
{
  const double s = control.scale, permittivity = s * s / inverse_eps0;
  const Vector numbers = control.constant_d ? times(1.0 / (s * s), given) : given, dipole = times(s, p);
  Vector external = numbers;
  if (control.lattice) {
    external = {};
    for (int k = 0; k < 3; ++k) {
      const Vector n = direction(cell, k);
      for (int i = 0; i < 3; ++i) external[i] += numbers[k] * n[i];
    }
  }

  FieldState state{external, {}, external, 0.0, 0.0, {}};
  const double capacity = cell.volume() * permittivity;
  Vector w = dipole;    // -dU/d(external)
  if (control.constant_d) {
    for (int i = 0; i < 3; ++i) {
      state.field[i] -= dipole[i] / capacity;
      state.lever[i] = 0.5 * (external[i] + state.field[i]);
      w[i] = -capacity * state.field[i];
    }
    state.vacuum = 0.5 * capacity * dot(external, external);
  }
  state.energy = state.vacuum - dot(dipole, state.lever);
  if (control.lattice) state.virial = turning(cell, numbers, w);
  if (control.constant_d)
    for (int i = 0; i < 3; ++i) state.virial[i] -= state.energy + dot(dipole, state.field);
  state.push = times(s, state.field);
  state.lever = times(s, state.lever);
  return state;
}

}    // namespace esgap

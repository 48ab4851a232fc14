// The two matrix products that the cost of a SOAP kernel ends in. Row-major, columns padded to a multiple of 8.
#pragma once

namespace esgap::gap {

/// product (rows x count) = a (rows x width) times the transpose of b (count x width). Rows and count: multiples of 4.
void multiply_transposed(const double *a, int rows, const double *b, int count, int width, double *product);

/// product (rows x width) = a (rows x count) times b (count x width). Rows: a multiple of 4; width: of 8.
void multiply(const double *a, int rows, int count, const double *b, int width, double *product);

}    // namespace esgap::gap

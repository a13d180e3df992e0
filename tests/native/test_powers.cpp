// SPDX-License-Identifier: GPL-3.0-or-later
// Logarithms and exponentials against those of the standard library.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "cases.hpp"
#include "powers.hpp"

namespace jerald {
namespace {

template <class T>
constexpr double epsilon = std::numeric_limits<T>::epsilon();

TEST_CASE_TEMPLATE("logarithms are exact to two units in the last place", T, float, double) {
  for (const double x : random_numbers<double>(20000, 1, -60, 60)) {
    const T number = static_cast<T>(std::exp(x));
    const double expected = std::log(double{number});
    CHECK(std::abs(logarithm(number) - expected) <= 2 * epsilon<T> * std::abs(expected));
  }
  for (const double x : random_numbers<double>(20000, 2, 0.5, 2)) {
    const T number = static_cast<T>(x);
    const double expected = std::log(double{number});
    CHECK(std::abs(logarithm(number) - expected) <= 2 * epsilon<T> * std::abs(expected));
  }
}

TEST_CASE_TEMPLATE("exponentials are exact to a unit in the last place", T, float, double) {
  for (const double x : random_numbers<double>(20000, 3, -80, 80)) {
    const T number = static_cast<T>(x);
    const double expected = std::exp(double{number});
    CHECK(std::abs(exponential(number) - expected) <= epsilon<T> * expected);
  }
}

TEST_CASE_TEMPLATE("special numbers", T, float, double) {
  const T infinity = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(logarithm(T(1)) == 0);
  CHECK(logarithm(T(0)) == -infinity);
  CHECK(logarithm(infinity) == infinity);
  CHECK(std::isnan(logarithm(T(-1))));
  CHECK(std::isnan(logarithm(nan)));
  CHECK(exponential(T(0)) == 1);
  CHECK(exponential(-infinity) == 0);
  CHECK(exponential(infinity) == infinity);
  CHECK(std::isnan(exponential(nan)));
}

}  // namespace
}  // namespace jerald

// SPDX-License-Identifier: GPL-3.0-or-later
// The tests in one process, or with --mpi on the ranks of mpirun.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "cases.hpp"

namespace jerald {
namespace {

Communicator all_ranks, all_in_reverse;

#ifdef JERALD_WITH_MPI
Communicator registered(MPI_Comm handle) {
  int64_t number = 0;
  std::memcpy(&number, &handle, sizeof handle);
  return communicators().at(register_communicator(number));
}

void start_mpi() {
  MPI_Init(nullptr, nullptr);
  MPI_Comm all, reverse;
  MPI_Comm_dup(MPI_COMM_WORLD, &all);
  all_ranks = registered(all);
  MPI_Comm_split(MPI_COMM_WORLD, 0, -all_ranks.rank, &reverse);
  all_in_reverse = registered(reverse);
}
#endif

}  // namespace

const Communicator& world() { return all_ranks; }
const Communicator& reversed_world() { return all_in_reverse; }

}  // namespace jerald

int main(int count, char** arguments) {
#ifdef JERALD_WITH_MPI
  const bool over_ranks =
      std::find(arguments, arguments + count, std::string("--mpi")) != arguments + count;
  if (over_ranks) jerald::start_mpi();
#endif
  const int failures = doctest::Context(count, arguments).run();
#ifdef JERALD_WITH_MPI
  if (over_ranks) MPI_Finalize();
#endif
  return failures;
}

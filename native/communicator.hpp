// SPDX-License-Identifier: GPL-3.0-or-later
// The processes that share a mesh, and how its planes are dealt out to them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#ifdef JERALD_WITH_MPI
#include <mpi.h>
#endif

namespace jerald {

// Blocks of ceil(rows / parts) rows, the last ones shorter or empty, as FFTW deals them out.
struct Distribution {
  int64_t rows;
  int64_t parts;

  int64_t block() const { return (rows + parts - 1) / parts; }
  int64_t start(int64_t part) const { return std::min(part * block(), rows); }
  int64_t stop(int64_t part) const { return std::min((part + 1) * block(), rows); }
  int64_t count(int64_t part) const { return stop(part) - start(part); }
  int64_t owner(int64_t row) const { return row / block(); }
};

// One process alone, or a rank among several; the algorithms' only handle on MPI.
struct Communicator {
  int rank = 0;
  int size = 1;
#ifdef JERALD_WITH_MPI
  MPI_Comm handle = MPI_COMM_NULL;
#endif

  bool alone() const { return size == 1; }

  // One rank's text on every rank.
  std::string broadcast(std::string text, int source = 0) const {
#ifdef JERALD_WITH_MPI
    if (!alone()) {
      int64_t length = text.size();
      MPI_Bcast(&length, 1, MPI_INT64_T, source, handle);
      text.resize(length);
      MPI_Bcast(text.data(), static_cast<int>(length), MPI_CHAR, source, handle);
    }
#endif
    return text;
  }

  // The other ranks wait for this one inside a collective, so an error here must end them all. Of
  // ranks that fail at once the lowest speaks: the others leave it the time to end them.
  [[noreturn]] void abort(const std::string& message) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(250) * std::min(rank, 8));
    std::fprintf(stderr, "jerald-tools: error on rank %d of %d: %s\n", rank, size, message.c_str());
    std::fflush(stderr);
#ifdef JERALD_WITH_MPI
    // For the launcher to pass the line on before it gives its own account.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    MPI_Abort(handle, 1);
#endif
    std::abort();
  }
};

// Communicators by number: a number is the same in every run, so it can stand in a compiled
// program, and a pointer cannot. Number 0 is the process alone.
inline std::vector<Communicator>& communicators() {
  static std::vector<Communicator> all(1);
  return all;
}

inline const Communicator& communicator(int64_t number) {
  return communicators().at(static_cast<std::size_t>(number));
}

#ifdef JERALD_WITH_MPI
// handle: the MPI implementation's own, as an integer. Ours alone from here on.
inline int64_t register_communicator(int64_t handle) {
  Communicator added;
  std::memcpy(&added.handle, &handle, sizeof added.handle);
  MPI_Comm_set_errhandler(added.handle, MPI_ERRORS_ARE_FATAL);
  MPI_Comm_rank(added.handle, &added.rank);
  MPI_Comm_size(added.handle, &added.size);
  communicators().push_back(added);
  return static_cast<int64_t>(communicators().size()) - 1;
}

inline std::string mpi_library_version() {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(version, &length);
  return std::string(version, length);
}
#endif

}  // namespace jerald

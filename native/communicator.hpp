// SPDX-License-Identifier: GPL-3.0-or-later
// The processes that share a mesh, and how its planes are distributed over them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#ifdef JERALD_WITH_MPI
#include <mpi.h>
#endif

namespace jerald {

// Blocks of ceil(rows / parts) rows, the last ones shorter or empty, as FFTW distributes them.
struct Distribution {
  int64_t rows;
  int64_t parts;

  int64_t block() const { return (rows + parts - 1) / parts; }
  int64_t start(int64_t part) const { return std::min(part * block(), rows); }
  int64_t stop(int64_t part) const { return std::min((part + 1) * block(), rows); }
  int64_t count(int64_t part) const { return stop(part) - start(part); }
  int64_t owner(int64_t row) const { return row / block(); }
};

// A process alone, or a rank among several: the only part of MPI that the algorithms see.
struct Communicator {
  int64_t number = 0;  // among the process's communicators
  int rank = 0;
  int size = 1;
#ifdef JERALD_WITH_MPI
  MPI_Comm handle = MPI_COMM_NULL;
#endif

  bool alone() const { return size == 1; }

  // The text of one rank, on every rank.
  std::string broadcast(std::string text, [[maybe_unused]] int source = 0) const {
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

  // End all ranks: the others wait for this one inside a collective. If several fail at once, the
  // lowest reports its error: the others wait long enough for it to end them.
  [[noreturn]] void abort(const std::string& message) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(250) * std::min(rank, 8));
    std::fprintf(stderr, "jerald-tools: error on rank %d of %d: %s\n", rank, size, message.c_str());
    std::fflush(stderr);
#ifdef JERALD_WITH_MPI
    // Time for the launcher to forward the line before it prints its own report.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    MPI_Abort(handle, 1);
#endif
    std::abort();
  }
};

// Communicators by number: a number is the same in every run, so a compiled program can contain it;
// a handle is not. Number 0 is the process alone.
class Communicators {
 public:
  Communicator at(int64_t number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (number < 0 || number >= static_cast<int64_t>(all_.size())) {
      throw std::invalid_argument("no communicator has the number " + std::to_string(number));
    }
    return all_[number];
  }

  int64_t add(Communicator added) {
    const std::lock_guard<std::mutex> lock(mutex_);
    added.number = static_cast<int64_t>(all_.size());
    all_.push_back(added);
    return added.number;
  }

 private:
  std::mutex mutex_;
  std::vector<Communicator> all_{Communicator{}};
};

// One for the process: XLA passes the numbers only, to whichever thread runs an operation.
inline Communicators& communicators() {
  static Communicators all;
  return all;
}

#ifdef JERALD_WITH_MPI
// The number of a communicator. handle: the MPI implementation's own, as an integer. From now on
// only this library uses the communicator.
inline int64_t register_communicator(int64_t handle) {
  Communicator added;
  std::memcpy(&added.handle, &handle, sizeof added.handle);
  MPI_Comm_set_errhandler(added.handle, MPI_ERRORS_ARE_FATAL);
  MPI_Comm_rank(added.handle, &added.rank);
  MPI_Comm_size(added.handle, &added.size);
  return communicators().add(added);
}

inline std::string mpi_library_version() {
  char version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(version, &length);
  return std::string(version, length);
}
#endif

}  // namespace jerald

/* SPDX-License-Identifier: GPL-3.0-or-later
 * The CPU time that a process spends inside MPI calls, most of it waiting: preloaded before the MPI
 * library, whose profiling interface does the work. */
#include <mpi.h>
#include <time.h>

static double total = 0.0;

double cpu_seconds_in_mpi(void) { return total; }

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

#define TIMED(NAME, PARAMETERS, ARGUMENTS)   \
  int MPI_##NAME PARAMETERS {                \
    const double start = now();              \
    const int outcome = PMPI_##NAME ARGUMENTS; \
    total += now() - start;                  \
    return outcome;                          \
  }

TIMED(Allgather,
      (const void* out, int n, MPI_Datatype type, void* in, int m, MPI_Datatype other, MPI_Comm ranks),
      (out, n, type, in, m, other, ranks))
TIMED(Allreduce,
      (const void* out, void* in, int n, MPI_Datatype type, MPI_Op op, MPI_Comm ranks),
      (out, in, n, type, op, ranks))
TIMED(Alltoall,
      (const void* out, int n, MPI_Datatype type, void* in, int m, MPI_Datatype other, MPI_Comm ranks),
      (out, n, type, in, m, other, ranks))
TIMED(Alltoallv,
      (const void* out, const int n[], const int at[], MPI_Datatype type, void* in, const int m[],
       const int to[], MPI_Datatype other, MPI_Comm ranks),
      (out, n, at, type, in, m, to, other, ranks))
TIMED(Barrier, (MPI_Comm ranks), (ranks))
TIMED(Bcast, (void* data, int n, MPI_Datatype type, int root, MPI_Comm ranks),
      (data, n, type, root, ranks))
TIMED(Irecv,
      (void* in, int n, MPI_Datatype type, int source, int tag, MPI_Comm ranks, MPI_Request* request),
      (in, n, type, source, tag, ranks, request))
TIMED(Isend,
      (const void* out, int n, MPI_Datatype type, int to, int tag, MPI_Comm ranks,
       MPI_Request* request),
      (out, n, type, to, tag, ranks, request))
TIMED(Sendrecv,
      (const void* out, int n, MPI_Datatype type, int to, int tag, void* in, int m,
       MPI_Datatype other, int source, int its_tag, MPI_Comm ranks, MPI_Status* status),
      (out, n, type, to, tag, in, m, other, source, its_tag, ranks, status))
TIMED(Wait, (MPI_Request* request, MPI_Status* status), (request, status))
TIMED(Waitall, (int n, MPI_Request requests[], MPI_Status statuses[]), (n, requests, statuses))

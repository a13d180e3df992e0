// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded: a bit of every last plane that a rank receives is turned over on its way.
#include <mpi.h>
#include <stddef.h>

static unsigned char *received = NULL;

int MPI_Irecv(void *data, int count, MPI_Datatype type, int source, int tag, MPI_Comm ranks,
              MPI_Request *request) {
  if (type != MPI_UINT64_T) received = data;
  return PMPI_Irecv(data, count, type, source, tag, ranks, request);
}

int MPI_Waitall(int count, MPI_Request requests[], MPI_Status statuses[]) {
  const int outcome = PMPI_Waitall(count, requests, statuses);
  if (received != NULL) received[6] ^= 1;
  received = NULL;
  return outcome;
}

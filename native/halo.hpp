// SPDX-License-Identifier: GPL-3.0-or-later
// Planes of other ranks: fetched before a readout, added to their owners after painting.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrays.hpp"
#include "buffer.hpp"
#include "cells.hpp"
#include "checks.hpp"
#include "communicator.hpp"
#include "mesh.hpp"
#include "planes.hpp"

namespace jerald {

// One mark for each plane of the mesh: whether particles touch it.
template <class T>
std::vector<char> touched_planes(const Mesh& mesh, const Rows<const T, 3>& positions) {
  constexpr int64_t capacity = 256;
  // Planes beyond it come from particles far outside the box, or from NaN.
  constexpr int32_t limit = 1 << 30;
  const T cell = static_cast<T>(mesh.cell[0]), nodes = static_cast<T>(mesh.nx());
  std::vector<char> touched(mesh.nx() + 1, 0);
  const auto mark = [&](T whole) {
    const int32_t plane = wrapped_cell(whole, nodes, 1 / nodes);
    touched[plane] = touched[plane + 1] = 1;
  };
  T whole[capacity];
  for (int64_t first = 0; first < positions.count(); first += capacity) {
    const int64_t count = std::min(capacity, positions.count() - first);
    const T* coordinates = positions.part(first, count).data();
    // As in Cells, along one axis. Integers, so that the compiler compares them in vectors.
    int32_t least = std::numeric_limits<int32_t>::max(), most = std::numeric_limits<int32_t>::min();
    for (int64_t p = 0; p < count; ++p) {
      whole[p] = std::floor(coordinates[3 * p] / cell);
      const T from_below = whole[p] > T(-limit) ? whole[p] : T(-limit);
      const int32_t number = static_cast<int32_t>(from_below < T(limit) ? from_below : T(limit));
      least = std::min(least, number);
      most = std::max(most, number);
    }
    // A block of particles in the order of their cells lies in one plane or two.
    if (least > -limit && most < limit && most - least <= 2) {
      for (int32_t number = least; number <= most; ++number) mark(static_cast<T>(number));
    } else {
      for (int64_t p = 0; p < count; ++p) mark(whole[p]);
    }
  }
  touched[0] |= touched[mesh.nx()];
  touched.pop_back();
  return touched;
}

// The marks and those of the planes within a stencil's reach of them.
inline std::vector<char> widened(const std::vector<char>& marks, int reach) {
  const int64_t nx = marks.size();
  std::vector<char> wide(nx, 0);
  for (int64_t i = 0; i < nx; ++i) {
    if (!marks[i]) continue;
    for (int offset = -reach; offset <= reach; ++offset) wide[wrapped(i + offset, nx)] = 1;
  }
  return wide;
}

inline std::vector<int64_t> marked(const std::vector<char>& marks) {
  std::vector<int64_t> planes;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    if (marks[i]) planes.push_back(static_cast<int64_t>(i));
  }
  return planes;
}

// The planes that each rank needs besides its own slab: any number, from any rank, since particles
// may be anywhere. fill and reduce are each other's adjoint.
class Halo {
 public:
  // wanted: this rank's marks. Collective; a process alone needs no other planes.
  Halo(const Communicator& ranks, const Mesh& mesh, const std::vector<char>& wanted)
      : ranks_(ranks), mesh_(mesh), slabs_{mesh.nx(), ranks.size} {
#ifdef JERALD_WITH_MPI
    if (ranks.alone()) return;
    const int count = static_cast<int>(mesh.nx());
    std::vector<char> all(mesh.nx() * ranks.size);
    MPI_Allgather(wanted.data(), count, MPI_CHAR, all.data(), count, MPI_CHAR, ranks.handle);
    for (int64_t i = 0; i < mesh.nx(); ++i) {
      const int64_t owner = slabs_.owner(i);
      for (int64_t rank = 0; rank < ranks.size; ++rank) {
        if (rank == owner || !all[rank * mesh.nx() + i]) continue;
        if (rank == ranks.rank) ghosts_.push_back({i, owner});
        if (owner == ranks.rank) lent_.push_back({i, rank});
      }
    }
#else
    (void)wanted;
#endif
  }

  Shape ghosts_shape() const { return mesh_.slab(static_cast<int64_t>(ghosts_.size())); }
  int64_t ghosts_size() const { return ghosts_shape()[0] * mesh_.plane_size(); }

  // Own planes in the slab, ghosts one after another in their own storage.
  template <class T>
  Planes<T> planes(const Slab<T>& slab, const Slab<T>& ghosts) const {
    Planes<T> result(mesh_);
    result.hold(start(), slab);
    for (std::size_t at = 0; at < ghosts_.size(); ++at) {
      result.hold(ghosts_[at].plane, ghosts.plane(at));
    }
    return result;
  }

  // Fetch the ghosts from their owners.
  template <class T>
  void fill(const Slab<const T>& slab, const Slab<T>& ghosts) const {
    if (ghosts_.empty() && lent_.empty()) return;
    Messages<T> messages(*this);
    for (std::size_t at = 0; at < ghosts_.size(); ++at) {
      messages.receive(ghosts.plane(at), ghosts_[at]);
    }
    for (const Share& lent : lent_) messages.send(slab.plane(lent.plane - start()), lent);
    messages.finish();
  }

  // Add the ghosts to their owners' planes, in order of rank.
  template <class T>
  void reduce(const Slab<T>& slab, const Slab<const T>& ghosts) const {
    if (ghosts_.empty() && lent_.empty()) return;
    const Shape shape = mesh_.slab(static_cast<int64_t>(lent_.size()));
    const Buffer<T> storage(shape[0] * mesh_.plane_size());
    const Slab<T> received(storage.data(), shape);
    Messages<T> messages(*this);
    for (std::size_t at = 0; at < lent_.size(); ++at) {
      messages.receive(received.plane(at), lent_[at]);
    }
    for (std::size_t at = 0; at < ghosts_.size(); ++at) {
      messages.send(ghosts.plane(at), ghosts_[at]);
    }
    messages.finish();
    for (std::size_t at = 0; at < lent_.size(); ++at) {
      T* plane = slab.plane(lent_[at].plane - start());
      const T* part = received.plane(at);
      for (int64_t node = 0; node < mesh_.plane_size(); ++node) plane[node] += part[node];
    }
  }

 private:
  struct Share {
    int64_t plane;
    int64_t rank;  // the owner of a ghost; the borrower of a lent plane
  };

  int64_t start() const { return slabs_.start(ranks_.rank); }

  // Messages of one plane each, and of its checksum, all in transit until they are finished.
  template <class T>
  class Messages {
   public:
#ifdef JERALD_WITH_MPI
    explicit Messages(const Halo& halo) : halo_(halo) {
      const MPI_Datatype number = sizeof(T) == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
      MPI_Type_contiguous(static_cast<int>(halo.mesh_.plane_size()), number, &plane_);
      MPI_Type_commit(&plane_);
      // So that checksums keep their addresses while their messages are in transit.
      sent_.reserve(halo.ghosts_.size() + halo.lent_.size());
      received_.reserve(sent_.capacity());
    }
    ~Messages() { MPI_Type_free(&plane_); }

    void send(const T* data, const Share& share) {
      sent_.push_back(checksum_of(data));
      const int other = static_cast<int>(share.rank);
      MPI_Isend(data, 1, plane_, other, tag(share), halo_.ranks_.handle, request());
      MPI_Isend(&sent_.back(), 1, MPI_UINT64_T, other, checksum_tag(share), halo_.ranks_.handle,
                request());
    }

    void receive(T* data, const Share& share) {
      received_.push_back({data, share, 0});
      const int other = static_cast<int>(share.rank);
      MPI_Irecv(data, 1, plane_, other, tag(share), halo_.ranks_.handle, request());
      MPI_Irecv(&received_.back().checksum, 1, MPI_UINT64_T, other, checksum_tag(share),
                halo_.ranks_.handle, request());
    }

    // Wait for all, and check what arrived.
    void finish() {
      MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
      for (const Received& one : received_) {
        check_plane(one.checksum, checksum_of(one.data), one.share.plane, one.share.rank,
                    halo_.ranks_.rank);
      }
    }

   private:
    struct Received {
      const T* data;
      Share share;
      uint64_t checksum;  // the sender's
    };

    uint64_t checksum_of(const T* data) const {
      return checksum(data, halo_.mesh_.plane_size() * sizeof(T));
    }
    int tag(const Share& share) const { return static_cast<int>(share.plane); }
    int checksum_tag(const Share& share) const {
      return static_cast<int>(halo_.mesh_.nx() + share.plane);
    }
    MPI_Request* request() {
      requests_.emplace_back();
      return &requests_.back();
    }

    const Halo& halo_;
    MPI_Datatype plane_;
    std::vector<MPI_Request> requests_;
    std::vector<uint64_t> sent_;
    std::vector<Received> received_;
#else
    explicit Messages(const Halo&) {}
    void send(const T*, const Share&) {}
    void receive(T*, const Share&) {}
    void finish() {}
#endif
  };

  Communicator ranks_;
  Mesh mesh_;
  Distribution slabs_;
  std::vector<Share> ghosts_, lent_;
};

}  // namespace jerald

// SPDX-License-Identifier: GPL-3.0-or-later
// The operations as a GPU runs them: a library of its own, without Python.
#include "calls.hpp"
#include "inverse_transform.hpp"

namespace jerald::device {
namespace {

// spectrum -> field, and the spectrum's memory, in which the transform works
ffi::Error c2r(cudaStream_t stream, ffi::ScratchAllocator scratch, Operand spectrum, Outcome field,
               Outcome overwritten, Attributes attributes) {
  try {
    const auto nodes = triple<int64_t>(attributes, "nodes");
    void* modes = overwritten->untyped_data();
    if (modes != spectrum.untyped_data()) {
      check(cudaMemcpyAsync(modes, spectrum.untyped_data(), spectrum.size_bytes(),
                            cudaMemcpyDeviceToDevice, stream));
    }
    const auto allocate = [&](std::size_t bytes) -> void* {
      if (bytes == 0) return nullptr;
      const auto memory = scratch.Allocate(bytes);
      if (!memory.has_value()) throw std::runtime_error("out of memory on the GPU");
      return *memory;
    };
    inverse_transform(stream, nodes, spectrum.element_type() == ffi::C128, modes,
                      field->untyped_data(), allocate);
  } catch (const std::exception& error) {
    return ffi::Error::Internal(error.what());
  }
  return ffi::Error::Success();
}

}  // namespace
}  // namespace jerald::device

extern "C" __attribute__((visibility("default"))) XLA_FFI_Error* jerald_c2r(
    XLA_FFI_CallFrame* frame) {
  namespace ffi = xla::ffi;
  static const auto* function = ffi::Ffi::Bind()
                                    .Ctx<ffi::PlatformStream<cudaStream_t>>()
                                    .Ctx<ffi::ScratchAllocator>()
                                    .Arg<ffi::AnyBuffer>()
                                    .Ret<ffi::AnyBuffer>()
                                    .Ret<ffi::AnyBuffer>()
                                    .Attrs()
                                    .To(jerald::device::c2r)
                                    .release();
  return function->Call(frame);
}

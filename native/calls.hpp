// SPDX-License-Identifier: GPL-3.0-or-later
// The operations that XLA calls, by name.
#pragma once

#include <map>
#include <string>

#include "xla/ffi/api/c_api.h"

namespace jerald {

using Handlers = std::map<std::string, XLA_FFI_Handler*>;

// On fields and spectra.
Handlers field_handlers();

// Between particles and the mesh.
Handlers particle_handlers();

}  // namespace jerald

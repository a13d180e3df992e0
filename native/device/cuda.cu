// SPDX-License-Identifier: GPL-3.0-or-later
// The operations as a GPU runs them: a library of its own, without Python.
#include "calls.hpp"

// SPDX-License-Identifier: GPL-3.0-or-later
// The same loops on the CPU, one after the other, for tests.
#include "calls.hpp"

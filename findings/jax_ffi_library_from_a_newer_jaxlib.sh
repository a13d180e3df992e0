#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# JAX's foreign functions: a library compiled with the headers of jaxlib 0.12.0 is refused by jax
# 0.10.2, because the version of the interface in the headers (0.5) is newer than that of the runtime
# (0.3), even if the function uses nothing new; and it takes the whole CPU backend with it. Compiled
# with the headers of jaxlib 0.10.2 it works. The guess was that a plain function of one array works
# with either. So a library for several releases of JAX is built with the oldest.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
pip=(env/bin/python -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install jax==0.10.2 jaxlib==0.10.2
# The headers alone: this release needs a newer Python than the other.
"${pip[@]}" download --no-deps --only-binary=:all: --python-version 3.12 --dest wheels jaxlib==0.12.0
python3 -m zipfile --extract wheels/jaxlib-0.12.0-*.whl newer
cat > twice.cpp << 'END'
#include "xla/ffi/api/ffi.h"
namespace ffi = xla::ffi;
static ffi::Error twice(ffi::Buffer<ffi::F32> x, ffi::ResultBuffer<ffi::F32> y) {
  for (size_t i = 0; i < x.element_count(); ++i) y->typed_data()[i] = 2 * x.typed_data()[i];
  return ffi::Error::Success();
}
XLA_FFI_DEFINE_HANDLER_SYMBOL(Twice, twice,
                              ffi::Ffi::Bind().Arg<ffi::Buffer<ffi::F32>>().Ret<ffi::Buffer<ffi::F32>>());
END
cat > call.py << 'END'
import ctypes, sys
import jax, numpy as np
library = ctypes.CDLL(sys.argv[1])
jax.ffi.register_ffi_target("twice", jax.ffi.pycapsule(library.Twice), platform="cpu")
x = np.arange(4, dtype=np.float32)
print(jax.__version__, jax.ffi.ffi_call("twice", jax.ShapeDtypeStruct(x.shape, x.dtype))(x))
END
older=$(env/bin/python -c "import jax; print(jax.ffi.include_dir())")
g++ -std=c++17 -O1 -w -fPIC -shared -isystem "$older" twice.cpp -o older.so
g++ -std=c++17 -O1 -w -fPIC -shared -isystem newer/jaxlib/include twice.cpp -o newer.so

env/bin/python call.py ./older.so | tee out
grep -q "^0.10.2 \[0. 2. 4. 6.\]" out
status=0
env/bin/python call.py ./newer.so > out 2>&1 || status=$?
tail -n 3 out
[[ $status != 0 ]]
grep -qi "version" out
echo "as stated: headers of jaxlib 0.12.0 make a library that jax 0.10.2 refuses, those of 0.10.2 do not"

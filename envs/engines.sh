#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs pmesh, fastpm-python and nbodykit, the engines of docs/engines.md, into .venv of this
# clone, or into the environment that PYTHON=... names.
#
# pfft-python and classylss download PFFT and CLASS while they are built. Where that is not possible,
# name folders that hold the sources: PFFT_SOURCE, a clone or a release of PFFT, and CLASS_SOURCE, a
# clone of CLASS at the version that classylss asks for (3.3.1). PFFT from a folder is built
# against the FFTW of this machine, with its MPI library: Debian's libfftw3-mpi-dev; a clone also
# needs autoconf, automake and libtool.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath --no-symlinks "${PYTHON:-.venv/bin/python}")
work=$PWD/build/engines
pip=("$python" -m pip --disable-pip-version-check --quiet)

# Their own dependencies are listed here: nbodykit also asks for Corrfunc, which nothing here uses.
"${pip[@]}" install "numpy>=2.0" "cython>=3" "mpi4py>=4.0" "setuptools>=80" wheel astropy cachey dask \
  numexpr pandas scipy six sympy
rm -rf "$work"
mkdir -p "$work"

# The newest pip unpacks no source for us: it is downloaded without its dependencies, and unpacked.
source_of() { # name==version
  "${pip[@]}" download --no-deps --no-build-isolation --no-binary :all: --dest "$work" "$1" >&2
  local archive
  archive=$(ls "$work"/*.tar.gz)
  tar --extract --gzip --file "$archive" --directory "$work"
  tar --list --gzip --file "$archive" | sed "s,^,$work/,; s,/*$,,; 1!d"
  rm "$archive"
}

install() { # folder or requirement
  "${pip[@]}" install --no-deps --no-build-isolation "$1"
}

build_pfft() { # source, prefix
  local source=$work/pfft precision flags
  cp --recursive "$1" "$source"
  [[ -x $source/configure ]] || (cd "$source" && bash bootstrap.sh) >"$work/bootstrap.log" 2>&1
  for precision in double single; do
    [[ $precision == single ]] && flags=--enable-single || flags=
    mkdir "$work/$precision"
    (
      cd "$work/$precision"
      CC=mpicc MPICC=mpicc "$source/configure" --prefix="$2" --disable-shared --enable-static \
        --disable-fortran --disable-doc $flags
      # Its configure sets CFLAGS of its own: without -fPIC no Python module can be made of it.
      make CFLAGS="-O3 -fPIC -fvisibility=hidden" SUBDIRS="kernel gcell util api" install
    ) >"$work/$precision.log" 2>&1 || {
      tail "$work/$precision.log" >&2
      exit 1
    }
  done
  # pfft-python links these by name; they lead the linker to the machine's own.
  for library in fftw3 fftw3f fftw3_mpi fftw3f_mpi; do
    echo "INPUT(-l$library)" >"$2/lib/lib$library.a"
  done
}

folder=$(source_of pfft-python==0.1.24)
if [[ -n ${PFFT_SOURCE:-} ]]; then
  # It takes what lies in the folder of its build for its own.
  temporary=$("$python" -c 'from setuptools import Distribution
command = Distribution().get_command_obj("build")
command.finalize_options()
print(command.build_temp)')
  build_pfft "$(realpath "$PFFT_SOURCE")" "$(realpath "$folder")/$temporary/depends"
fi
install "$folder"

folder=$(source_of classylss==0.3.1)
if [[ -n ${CLASS_SOURCE:-} ]]; then
  version=$(sed -n "s/^class_version = '\(.*\)'/\1/p" "$folder/classylss/version.py")
  archive=$(realpath "$folder")/depends/class-v$version.tar.gz
  tar --create --gzip --file "$archive" --exclude=.git --directory "$(realpath "$CLASS_SOURCE")" \
    --transform "s,^\.,class_public-$version," .
fi
install "$folder"

for package in bigfile kdcount==0.3.30 mcfit==0.0.22 mpsort==0.1.19 pmesh==0.1.59 vmad==0.0.2 \
  nbodykit==0.3.16 fastpm==0.0.10; do
  install "$package"
done
"$python" -W ignore -c "import fastpm.core, nbodykit.algorithms.fftpower"

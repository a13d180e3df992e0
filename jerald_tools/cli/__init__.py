# SPDX-License-Identifier: GPL-3.0-or-later
"""The executables, one short file each: parse, call, write."""

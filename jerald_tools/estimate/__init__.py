# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of the stages before they run: memory, time and size of files; free of JAX."""

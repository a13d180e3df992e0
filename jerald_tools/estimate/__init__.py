# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages will cost, said before they run: memory, time and size of files; free of JAX."""

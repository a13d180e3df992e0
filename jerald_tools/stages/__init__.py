# SPDX-License-Identifier: GPL-3.0-or-later
"""What each command does, as a function of files and options: read, compute, write."""

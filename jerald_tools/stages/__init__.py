# SPDX-License-Identifier: GPL-3.0-or-later
"""The bodies of the commands, as functions of files and options: read, compute, write."""

# SPDX-License-Identifier: GPL-3.0-or-later
"""Cosmic density from a seed: background, growth, white noise, 2LPT and FastPM."""

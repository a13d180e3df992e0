# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints config.yaml with one simulation at one redshift, and fits that end at once."""

import sys
from pathlib import Path

import yaml

config = yaml.safe_load(Path(sys.argv[1]).read_text())
config["simulations"] = [{**config["simulations"][0], "redshifts": [2]}]
del config["over_redshifts"]
config["fits"] = [{**row, "layers": 1} for row in config["fits"] if row["redshift"] == 2]
config["optimisation"].update(evaluations=2, starts=1, members=2)
print(yaml.safe_dump(config))

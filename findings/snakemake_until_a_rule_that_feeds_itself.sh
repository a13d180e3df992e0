#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Snakemake 9.27.1: `--until RULE` stops at the first job of the rule. Where a job of the rule takes
# the output of another one (here b.txt needs a.txt, as a fit needs the fit that it builds on), the
# rest never becomes ready, and the run ends with "BUG: Out of jobs ready to be started", status 1.
# The guess was that all jobs of the rule run. `snakemake TARGET ...` with their outputs does that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check snakemake==9.27.1
cd "$folder"
cat > Snakefile << 'END'
rule all:
    input:
        "b.txt",


rule link:
    input:
        lambda wildcards: {"a": [], "b": ["a.txt"]}[wildcards.name],
    output:
        "{name}.txt",
    shell:
        "touch {output}"
END
snakemake=("$folder/env/bin/python" -m snakemake --cores 1 --nocolor)
"${snakemake[@]}" --version

status=0
"${snakemake[@]}" --until link > log 2>&1 || status=$?
grep "BUG: Out of jobs ready" log
grep -- "- link: b.txt" log
[[ $status == 1 && -f a.txt && ! -f b.txt ]]

"${snakemake[@]}" b.txt > log 2>&1
[[ -f b.txt ]]
echo "as stated: --until runs the first job of a rule that feeds itself, then fails"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An experiment runs, and each line "# Shows: VARIANT KEY at least|at most NUMBER" of its head holds for the last round of that variant.
# usage: experiment_test.sh TOCSIN EXPERIMENT SCRATCH_FOLDER
set -euo pipefail
rm -rf "$3"
"$1" run "$2" --out "$3" >/dev/null

claims=0
while read -r variant key _ direction bound; do
  claims=$((claims + 1))
  records=$(echo "$3"/*-"$variant"-s*/records.jsonl)
  value=$(tail -n 1 "$records" | sed -n "s/.*\"$key\":\([-+.e0-9]*\).*/\1/p")
  [ -n "$value" ] || { echo "$records has no number $key"; exit 1; }
  awk -v v="$value" -v b="$bound" -v d="$direction" 'BEGIN {exit !(d == "least" ? v >= b : d == "most" ? v <= b : 0)}' || {
    echo "$variant: $key is $value, the head comment says at $direction $bound"
    exit 1
  }
done < <(sed -n 's/^# Shows: //p' "$2")
[ "$claims" -gt 0 ] || { echo "$2 does not say what it shows"; exit 1; }

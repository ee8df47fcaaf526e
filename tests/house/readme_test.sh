#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each block of README.md that follows <!-- FILE --> is that file, less its leading comments, byte for byte. usage: readme_test.sh SCRATCH_FOLDER
set -euo pipefail
checked=0
while read -r file; do
  awk -v mark="<!-- $file -->" '$0 == mark {seen = 1; next} seen && /^```/ {if (inside) exit; inside = 1; next} inside' README.md >"$1/shown"
  awk '!body && /^(#[^i]|#$|\/\/)/ {next} {body = 1; print}' "$file" >"$1/meant"
  diff -u --label "$file" --label README.md "$1/meant" "$1/shown"
  checked=$((checked + 1))
done < <(sed -n 's/^<!-- \(examples\/[^ ]*\) -->$/\1/p' README.md)
[ "$checked" -ge 2 ] || { echo "README.md shows $checked examples, expected at least 2"; exit 1; }

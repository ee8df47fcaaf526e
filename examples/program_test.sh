#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A program prints exactly the comment lines that follow "// Prints:" at the head of its source. usage: program_test.sh BINARY SOURCE
set -euo pipefail
said=$("$1")
meant=$(awk '/^\/\/ Prints:/ {on = 1; next} on && !/^\/\// {exit} on {sub(/^\/\/ */, ""); print}' "$2")
[ -n "$meant" ] || { echo "$2 does not say what it prints"; exit 1; }
diff -u --label "head comment" --label output <(echo "$meant") <(echo "$said")

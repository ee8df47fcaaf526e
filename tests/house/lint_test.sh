#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that tools/lint passes a clean tree and finds each breach of a broken one. usage: lint_test.sh SCRATCH_FOLDER
set -euo pipefail
lint=$PWD/tools/lint
rm -rf "$1"
mkdir -p "$1/src/tocsin/core"
cd "$1"
spdx='// SPDX-License-Identifier: Apache-2.0'
room=src/tocsin/core

printf '%s\n#pragma once\nint one();\n' "$spdx" >$room/clean.h
"$lint" . || { echo "a clean tree was refused"; exit 1; }

status=0
finds() {  # name of the breach, file, its text: the lint must name that file and nothing else
  mkdir -p "$(dirname "$2")"
  printf '%b' "$3" >"$2"
  local said
  if said=$("$lint" .); then
    echo "not found: $1"
    status=1
  elif ! grep -qF "./$2" <<<"$said" || [ "$(wc -l <<<"$said")" != 1 ]; then
    echo "$1: expected one line about $2, got:"
    echo "$said"
    status=1
  fi
  rm "$2"
}
finds 'random header' $room/a.cpp "$spdx\n#include <random>\n"
finds 'rand()' $room/a.cpp "$spdx\nint a() { return std::rand(); }\n"
finds 'std::reduce' $room/a.cpp "$spdx\nauto s = std::reduce(x.begin(), x.end());\n"
finds 'time of day' $room/a.cpp "$spdx\nauto t = std::chrono::system_clock::now();\n"
finds 'unordered iteration' $room/a.cpp "$spdx\nstd::unordered_map<int, int> m;\n"
finds 'fast math' CMakeLists.txt 'add_compile_options(-ffast-math)\n'
finds 'third-party header' $room/a.h "$spdx\n#pragma once\n#include <dnnl.hpp>\n"
finds 'no SPDX line' $room/a.cpp 'int a();\n'
finds 'no pragma once' $room/a.h "$spdx\nint a();\n"
finds 'a file of 501 lines' $room/a.cpp "$spdx\n$(yes 'int a();\n' | head -n 500 | tr -d '\n')"
finds 'a name that says nothing' $room/string_utils.cpp "$spdx\n"
finds 'a package of others' tools/theirs-1.0-py3-none-any.whl 'PK'
finds 'a machine path' docs/page.md 'see /home/someone/notes\n'
exit "$status"

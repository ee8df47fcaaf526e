# Writes OUTPUT, a header with version, compiler and a hash over all sources of ROOT and the text FLAGS. Run as
# cmake -D ROOT=... -D OUTPUT=... -D VERSION=... -D COMPILER=... -D FLAGS=... -P BuildId.cmake; needs no version control.
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/src/*.cpp ${ROOT}/src/*.h ${ROOT}/src/*.inc ${ROOT}/src/CMakeLists.txt
  ${ROOT}/apps/*.cpp ${ROOT}/apps/*.h ${ROOT}/apps/CMakeLists.txt)
list(APPEND files CMakeLists.txt cmake/TocsinBuild.cmake)
list(SORT files)
set(all "${VERSION}\n${COMPILER}\n${FLAGS}\n")
foreach(file IN LISTS files)
  file(SHA256 ${ROOT}/${file} hash)
  string(APPEND all "${hash}  ${file}\n")
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 12 id)
file(WRITE ${OUTPUT} "// Made by cmake/BuildId.cmake.
#define TOCSIN_VERSION \"${VERSION}\"
#define TOCSIN_BUILD_ID \"${id}\"
#define TOCSIN_COMPILER \"${COMPILER}\"
")

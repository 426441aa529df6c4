# Cross-compiles for 64-bit ARM Linux: cmake -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake …
# ctest runs the tests under qemu-user where it is installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
find_program(BITFLEET_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(BITFLEET_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${BITFLEET_QEMU})
endif()

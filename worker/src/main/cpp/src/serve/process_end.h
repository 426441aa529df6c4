#pragma once

namespace bitfleet {

// What the process's exit status says to the worker that owns it.
namespace exit_status {
inline constexpr int done = 0;            // standard input was closed
inline constexpr int load_failed = 1;     // LoadFailed tells why
inline constexpr int bad_frame = 2;       // the input cannot be read in step any more
inline constexpr int usage = 64;          // EX_USAGE
inline constexpr int internal = 70;       // EX_SOFTWARE: a bug of ours; stderr tells
inline constexpr int output_closed = 3;   // nobody holds the other end of standard output
inline constexpr int reader_stuck = 4;    // somebody holds it, but does not read
inline constexpr int terminated = 143;    // SIGTERM
}  // namespace exit_status

// Ends the process at once from any thread, without destructors: other threads may be in the middle of a step, and the
// operating system takes back all there is. Whoever wants events out flushes them first.
[[noreturn]] void end_process(int status);

// SIGPIPE shows as EPIPE; SIGTERM ends the process even as process 1 of a container, where its default is ignored.
void install_signal_actions();

}  // namespace bitfleet

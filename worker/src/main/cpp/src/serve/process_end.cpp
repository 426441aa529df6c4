#include "serve/process_end.h"

#include <csignal>
#include <unistd.h>

namespace bitfleet {

void end_process(int status) { _exit(status); }

void install_signal_actions() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
  action.sa_handler = [](int) { _exit(exit_status::terminated); };
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace bitfleet

#pragma once

#include "wire/messages.h"

namespace bitfleet {

// Where events go. send() may be called from any thread and may wait for a slow reader (back-pressure).
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void send(const wire::EngineEvent& event) = 0;
};

}  // namespace bitfleet

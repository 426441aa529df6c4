package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.http.Caller;

/** Whose response it is, and which one. */
record Owner(String tenant, String id) {
  static Owner of(Caller caller, String id) {
    return new Owner(caller.tenant(), id);
  }
}

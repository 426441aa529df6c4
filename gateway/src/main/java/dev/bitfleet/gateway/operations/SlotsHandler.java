package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.ModelDescription;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/**
 * llama-server's {@code /slots}, where the operator wants it: which slots are taken, and nothing of
 * what is in them. Answered from the view of the fleet, at once. Event loop only.
 */
public final class SlotsHandler {
  private final FleetView fleet;
  private final boolean shown;

  /**
   * @param shown whether it answers at all
   */
  public SlotsHandler(FleetView fleet, boolean shown) {
    this.fleet = fleet;
    this.shown = shown;
  }

  /** Adds its handler. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(Operation.LIST_SLOTS, (exchange, body) -> list(exchange));
  }

  private void list(Exchange exchange) {
    if (!shown) {
      exchange.error(
          new ApiError(
              501,
              "not_supported_error",
              "slots_not_shown",
              Optional.empty(),
              "This server does not show its slots. Start it with '--show-slots'.",
              Optional.empty()));
      return;
    }
    ArrayNode slots = JsonMapper.shared().createArrayNode();
    int free = 0;
    for (WorkerView worker : fleet.workers()) {
      Optional<ModelDescription> model = worker.heartbeat().model();
      if (!worker.ready() || model.isEmpty()) {
        continue;
      }
      // A worker says how many are taken and not which; they are all alike.
      int taken = Math.min(worker.heartbeat().slots(), worker.outstanding());
      free += worker.heartbeat().slots() - taken;
      for (int i = 0; i < worker.heartbeat().slots(); i++) {
        slots
            .addObject()
            .put("id", slots.size() - 1)
            .put("n_ctx", model.get().contextLength())
            .put("is_processing", i < taken)
            .put("model", model.get().id());
      }
    }
    if (free == 0 && exchange.query("fail_on_no_slot").isPresent()) {
      exchange.error(ApiError.server(503, "no_slot", "No slot is free.", Duration.ofSeconds(1)));
      return;
    }
    exchange.json(200, JsonMapper.shared().writeValueAsBytes(slots));
  }
}

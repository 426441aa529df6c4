package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.dialect.openai.ModelJson;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Models and health: answered from the view of the fleet, at once. Event loop only. */
public final class ServiceHandler {
  private static final byte[] OK = "{\"status\":\"ok\"}".getBytes(StandardCharsets.US_ASCII);

  private final FleetView fleet;
  private final BooleanSupplier stopping;
  private final BooleanSupplier opening;

  /**
   * @param stopping whether this gateway is about to leave
   * @param opening whether what it keeps is not there yet
   */
  public ServiceHandler(FleetView fleet, BooleanSupplier stopping, BooleanSupplier opening) {
    this.fleet = fleet;
    this.stopping = stopping;
    this.opening = opening;
  }

  public void models(Exchange exchange) {
    exchange.json(200, ModelJson.list(fleet.models(), fleet::loaded));
  }

  public void model(Exchange exchange) {
    String id = exchange.parameter("model");
    Optional<ModelDescription> model = fleet.generating(ModelWish.of(id));
    if (model.isPresent()) {
      exchange.json(200, ModelJson.one(model.get(), fleet.loaded(model.get().id())));
    } else {
      exchange.error(Failures.unknownModel(id));
    }
  }

  public void health(Exchange exchange) {
    if (stopping.getAsBoolean()) {
      unhealthy(
          exchange,
          "stopping",
          ApiError.server(503, "shutting_down", "This server is shutting down."));
      return;
    }
    if (fleet.workers().stream().anyMatch(worker -> worker.ready() || worker.idle())) {
      if (opening.getAsBoolean()) {
        unhealthy(
            exchange,
            "loading",
            ApiError.server(503, "storage_rejoining", "What the fleet keeps is not here yet."));
      } else {
        exchange.json(200, OK);
      }
      return;
    }
    boolean loading =
        fleet.workers().stream().anyMatch(w -> w.heartbeat().state() == State.STARTING);
    ApiError error =
        loading
            ? ApiError.server(503, "model_loading", "The model is loading.")
            : ApiError.server(503, "no_worker", "No worker is ready.");
    unhealthy(exchange, loading ? "loading" : "unavailable", error);
  }

  private static void unhealthy(Exchange exchange, String status, ApiError error) {
    ObjectNode body = JsonMapper.shared().createObjectNode();
    body.put("status", status);
    body.set("error", ErrorJson.body(error));
    exchange.retryAfter(Duration.ofSeconds(1));
    exchange.json(503, JsonMapper.shared().writeValueAsBytes(body));
  }
}

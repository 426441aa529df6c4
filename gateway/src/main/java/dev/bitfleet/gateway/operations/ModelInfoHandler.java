package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.Failures;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What monitoring asks: the model that is served, the state of the service, and llama.cpp's {@code
 * /props}. Answered from the view of the fleet, at once. Event loop only.
 */
public final class ModelInfoHandler {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private final FleetView fleet;
  private final com.sun.management.OperatingSystemMXBean machine =
      ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);

  public ModelInfoHandler(FleetView fleet) {
    this.fleet = fleet;
  }

  /** Adds a handler for each of its operations. */
  public void addTo(Map<Operation, Handler> handlers) {
    handlers.put(Operation.GET_MODEL_INFO, (exchange, body) -> info(exchange));
    handlers.put(Operation.GET_API_HEALTH, (exchange, body) -> health(exchange));
    handlers.put(Operation.GET_PROPS, (exchange, body) -> props(exchange));
  }

  private void info(Exchange exchange) {
    if (fleet.models().isEmpty()) {
      // A server error, as the interface that this route comes from has it.
      exchange.error(ApiError.server(500, "model_not_loaded", "No model is loaded."));
      return;
    }
    Optional<ModelDescription> found = meant(exchange);
    if (found.isEmpty()) {
      return;
    }
    ModelDescription model = found.get();
    long workers = workersOf(model.id());
    ObjectNode body = MAPPER.createObjectNode();
    body.put("name", model.id());
    body.put("architecture", model.architecture());
    body.put("quantization", model.quantization().isEmpty() ? "unknown" : model.quantization());
    body.put("parameters", model.parameters());
    body.putObject("memory_usage")
        .put("weights_bytes", model.bytes())
        .put("workers", workers)
        .put("total_bytes", workers * model.bytes());
    body.put("context_window", model.contextLength());
    body.put("vocabulary_size", model.vocabularySize());
    body.put("embedding_size", model.embeddingSize());
    body.put("fingerprint", model.fingerprint());
    exchange.json(200, MAPPER.writeValueAsBytes(body));
  }

  /**
   * The model that is asked about, or the default one. Never another than the one that was named: a
   * question about a model is not answered with what is true of its neighbour. When there is none,
   * that has been answered.
   */
  private Optional<ModelDescription> meant(Exchange exchange) {
    Optional<String> asked = exchange.query("model").filter(id -> !id.isEmpty());
    Optional<ModelDescription> found = fleet.generating(ModelWish.of(asked));
    if (found.isEmpty()) {
      exchange.error(Failures.unknownModel(asked.orElse("")));
    }
    return found;
  }

  private long workersOf(String model) {
    return fleet.workers().stream().filter(w -> w.ready() && w.serves(model)).count();
  }

  private void health(Exchange exchange) {
    boolean ready = fleet.workers().stream().anyMatch(WorkerView::ready);
    boolean loading =
        fleet.workers().stream().anyMatch(w -> w.heartbeat().state() == State.STARTING);
    ObjectNode body = MAPPER.createObjectNode();
    body.put("status", ready ? "healthy" : loading ? "loading" : "unavailable");
    body.put("model_loaded", ready);
    ArrayNode models = body.putArray("models");
    fleet.models().forEach(model -> models.add(model.id()));
    long total = machine.getTotalMemorySize();
    long used = Math.max(0, total - machine.getFreeMemorySize());
    body.putObject("memory")
        .put("used_bytes", used)
        .put("total_bytes", total)
        .put("utilization", total == 0 ? 0 : Math.clamp((double) used / total, 0, 1));
    if (!ready) {
      body.set("error", ErrorJson.body(notReady(loading)));
      exchange.retryAfter(Duration.ofSeconds(1));
    }
    exchange.json(ready ? 200 : 503, MAPPER.writeValueAsBytes(body));
  }

  private static ApiError notReady(boolean loading) {
    return loading
        ? ApiError.server(503, "model_loading", "The model is loading.", Duration.ofSeconds(1))
        : ApiError.server(503, "no_worker", "No worker is ready.", Duration.ofSeconds(1));
  }

  /** Of llama.cpp's, what does not show what others ask. */
  private void props(Exchange exchange) {
    if (fleet.models().isEmpty()) {
      boolean loading =
          fleet.workers().stream().anyMatch(w -> w.heartbeat().state() == State.STARTING);
      exchange.error(notReady(loading));
      return;
    }
    Optional<ModelDescription> found = meant(exchange);
    if (found.isEmpty()) {
      return;
    }
    ModelDescription model = found.get();
    int slots =
        fleet.workers().stream()
            .filter(worker -> worker.ready() && worker.serves(model.id()))
            .mapToInt(worker -> worker.heartbeat().slots())
            .sum();
    ObjectNode body = MAPPER.createObjectNode();
    body.putObject("default_generation_settings").put("n_ctx", model.contextLength());
    body.put("total_slots", slots);
    body.put("model_path", model.id());
    body.put("model_alias", model.id());
    body.putObject("modalities").put("vision", false).put("audio", false);
    body.put("build_info", "bitfleet");
    exchange.json(200, MAPPER.writeValueAsBytes(body));
  }
}

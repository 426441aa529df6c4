package dev.bitfleet.gateway.management;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.http.Door;
import dev.bitfleet.gateway.routing.FleetView;
import dev.bitfleet.gateway.routing.WorkerView;
import dev.bitfleet.proto.WorkerHeartbeat;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The operators' port.
 *
 * <ul>
 *   <li>{@code /health/live}: 200 as long as the event loop turns.
 *   <li>{@code /health/ready}: 200 when a worker is ready, and the gateway neither opening nor
 *       stopping, else 503.
 *   <li>{@code /metrics}: Prometheus.
 *   <li>{@code /nodes}: the nodes of the cluster.
 *   <li>{@code /workers}: the workers, as this gateway sees them.
 * </ul>
 */
public final class ManagementServer {
  private static final JsonMapper MAPPER = JsonMapper.shared();
  private static final String JSON = "application/json";
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private final Vertx vertx;
  private final FleetView fleet;
  private final Supplier<List<NodeView>> nodes;
  private final PrometheusMeterRegistry registry;
  private final Door door;
  private final BooleanSupplier stopping;
  private final BooleanSupplier opening;
  private @Nullable HttpServer server;

  /**
   * @param nodes of the fleet, as they are now; any thread may ask
   * @param door sends away pages that a browser lets reach this port
   * @param stopping whether the gateway takes no more requests
   * @param opening whether what it keeps is not there yet
   */
  public ManagementServer(
      Vertx vertx,
      FleetView fleet,
      Supplier<List<NodeView>> nodes,
      PrometheusMeterRegistry registry,
      Door door,
      BooleanSupplier stopping,
      BooleanSupplier opening) {
    this.door = door;
    this.vertx = vertx;
    this.fleet = fleet;
    this.nodes = nodes;
    this.registry = registry;
    this.stopping = stopping;
    this.opening = opening;
  }

  /** Listens; gives the port. */
  public Future<Integer> start(String host, int port) {
    HttpServer listening =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(host)
                    .setPort(port)
                    .setHttp2ClearTextEnabled(false)
                    .setIdleTimeout(60)
                    .setIdleTimeoutUnit(TimeUnit.SECONDS))
            .requestHandler(this::handle);
    server = listening;
    return listening.listen().map(HttpServer::actualPort);
  }

  public Future<Void> stop() {
    return server == null ? Future.succeededFuture() : server.close();
  }

  private void handle(HttpServerRequest request) {
    Optional<ApiError> sentAway = door.refuses(request);
    if (sentAway.isPresent()) {
      request
          .response()
          .setStatusCode(sentAway.get().status())
          .putHeader("content-type", JSON)
          .putHeader("connection", "close")
          .end(Buffer.buffer(ErrorJson.envelope(sentAway.get())))
          .onComplete(written -> request.connection().close());
      return;
    }
    HttpMethod method = request.method();
    if (!method.equals(HttpMethod.GET) && !method.equals(HttpMethod.HEAD)) {
      request.response().putHeader("allow", "GET, HEAD");
      answer(request, 405, JSON, status("method not allowed"));
      return;
    }
    switch (String.valueOf(request.path())) {
      case "/health/live" -> answer(request, 200, JSON, status("live"));
      case "/health/ready" -> ready(request);
      case "/nodes" -> answer(request, 200, JSON, MAPPER.writeValueAsBytes(nodes()));
      case "/workers" -> answer(request, 200, JSON, MAPPER.writeValueAsBytes(workers()));
      case "/metrics" ->
          // Rendering takes a millisecond or two, which streams on this event loop would feel.
          vertx
              .executeBlocking(registry::scrape, false)
              .onSuccess(
                  text -> answer(request, 200, PROMETHEUS, text.getBytes(StandardCharsets.UTF_8)))
              .onFailure(failure -> answer(request, 500, JSON, status("failed")));
      default -> answer(request, 404, JSON, status("not found"));
    }
  }

  private void ready(HttpServerRequest request) {
    // An idle one serves as soon as somebody asks.
    long ready = fleet.workers().stream().filter(each -> each.ready() || each.idle()).count();
    String status;
    if (stopping.getAsBoolean()) {
      status = "stopping";
    } else if (ready == 0) {
      status = "no worker is ready";
    } else {
      status = opening.getAsBoolean() ? "the store is opening" : "ready";
    }
    ObjectNode body = MAPPER.createObjectNode();
    body.put("status", status);
    body.put("workers", fleet.workers().size());
    body.put("ready_workers", ready);
    answer(request, status.equals("ready") ? 200 : 503, JSON, MAPPER.writeValueAsBytes(body));
  }

  private ObjectNode nodes() {
    ObjectNode body = MAPPER.createObjectNode();
    ArrayNode list = body.putArray("nodes");
    for (NodeView node : nodes.get()) {
      list.addObject()
          .put("id", node.id())
          .put("role", node.role())
          .put("address", node.address())
          .put("version", node.version())
          .put("self", node.self());
    }
    return body;
  }

  private ObjectNode workers() {
    long now = System.nanoTime();
    ObjectNode body = MAPPER.createObjectNode();
    ArrayNode list = body.putArray("workers");
    for (WorkerView worker : fleet.workers()) {
      WorkerHeartbeat heartbeat = worker.heartbeat();
      ObjectNode each = list.addObject();
      each.put("id", worker.id());
      each.put("node", heartbeat.nodeId());
      each.put("state", heartbeat.state().name().toLowerCase(Locale.ROOT));
      each.put("detail", heartbeat.detail());
      heartbeat
          .model()
          .ifPresent(
              model -> {
                each.put("model", model.id());
                each.put("fingerprint", model.fingerprint());
                each.put("context_length", model.contextLength());
              });
      each.put("slots", heartbeat.slots());
      each.put("open_sequences", heartbeat.openSequences());
      each.put("in_flight", worker.inFlight());
      each.put("engine", heartbeat.engine());
      each.put("engine_version", heartbeat.engineVersion());
      each.put("kernel", heartbeat.kernel());
      each.put("engine_pid", heartbeat.enginePid());
      each.put("engine_restarts", heartbeat.engineRestarts());
      ArrayNode cores = each.putArray("cores");
      heartbeat.cores().forEach(cores::add);
      each.put("protocol", heartbeat.protocol().toString());
      each.put("heard_millis_ago", (now - worker.heardNanos()) / 1_000_000);
    }
    return body;
  }

  private static byte[] status(String status) {
    return MAPPER.writeValueAsBytes(MAPPER.createObjectNode().put("status", status));
  }

  private static void answer(HttpServerRequest request, int status, String type, byte[] body) {
    request.response().setStatusCode(status).putHeader("content-type", type);
    if (request.method().equals(HttpMethod.HEAD)) {
      request.response().putHeader("content-length", Integer.toString(body.length)).end();
    } else {
      request.response().end(Buffer.buffer(body));
    }
  }
}

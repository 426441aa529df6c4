package dev.bitfleet.gateway.testing;

import dev.bitfleet.gateway.GatewayOptions;
import dev.bitfleet.gateway.GatewayVerticle;
import dev.bitfleet.gateway.http.ExtraRoute;
import dev.bitfleet.gateway.store.Membership;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.telemetry.RuntimeMetrics;
import dev.bitfleet.proto.FleetCodecs;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A gateway on free ports, with test workers on its bus. Closing it checks that every slot is back
 * and every request settled: a leak fails the test that made it.
 */
public final class Gateway implements AutoCloseable {
  public static final String MODEL = "bitfleet-demo";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Vertx vertx;
  private final boolean beside;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<TestWorker> workers = new ArrayList<>();
  private final GatewayVerticle verticle;
  private final String deploymentId;
  private boolean stopped;

  private Gateway(GatewayOptions options) {
    this(options, List.of(), Optional.empty(), Optional.empty());
  }

  private Gateway(
      GatewayOptions options,
      List<ExtraRoute> extra,
      Optional<Membership> cluster,
      Optional<Vertx> bus) {
    beside = bus.isPresent();
    vertx = bus.orElseGet(this::bus);
    RuntimeMetrics.bindJvm(registry);
    verticle =
        new GatewayVerticle(options, cluster, GatewayVerticle.nodes(options), registry, extra);
    deploymentId = await(vertx.deployVerticle(verticle).toCompletionStage().toCompletableFuture());
  }

  private Vertx bus() {
    Vertx made =
        Vertx.builder()
            .with(new VertxOptions().setMetricsOptions(RuntimeMetrics.vertxMetricsOptions()))
            .withMetrics(RuntimeMetrics.vertxMetrics(registry))
            .build();
    FleetCodecs.register(made.eventBus());
    return made;
  }

  /** A gateway without workers. */
  public static Gateway bare(UnaryOperator<GatewayOptions.Builder> change) {
    return new Gateway(options("gw-test", change));
  }

  private static GatewayOptions options(String id, UnaryOperator<GatewayOptions.Builder> change) {
    return change
        .apply(
            GatewayOptions.builder(id)
                .port(0)
                .managementPort(0)
                .store(StoreOptions.in(TestFolders.fresh())))
        .build();
  }

  /** A gateway without workers that keeps in a fleet's maps. */
  public static Gateway inFleet(
      String id, Membership cluster, UnaryOperator<GatewayOptions.Builder> change) {
    return new Gateway(options(id, change), List.of(), Optional.of(cluster), Optional.empty());
  }

  /** Another gateway of that fleet, on this one's bus and with its workers; to be closed first. */
  public Gateway beside(
      String id, Membership cluster, UnaryOperator<GatewayOptions.Builder> change) {
    return new Gateway(options(id, change), List.of(), Optional.of(cluster), Optional.of(vertx));
  }

  /** A gateway with routes of somebody else. */
  public static Gateway withRoutes(
      UnaryOperator<GatewayOptions.Builder> change, ExtraRoute... extra) {
    return new Gateway(
        change.apply(GatewayOptions.builder("gw-test").port(0).managementPort(0)).build(),
        List.of(extra),
        Optional.empty(),
        Optional.empty());
  }

  /** A gateway with one worker of four slots that is known to be ready. */
  public static Gateway withWorker(UnaryOperator<GatewayOptions.Builder> change) {
    Gateway gateway = bare(change);
    gateway.worker("worker-1", 4);
    return gateway;
  }

  /** Adds a worker and waits until the gateway knows it. */
  public TestWorker worker(String id, int slots) {
    return worker(id, MODEL, slots);
  }

  /** Adds a worker of another model. */
  public TestWorker worker(String id, String model, int slots) {
    return add(id, TestWorker.start(vertx, id, model, slots));
  }

  /** Adds a worker whose sequences hold so many tokens. */
  public TestWorker workerOfContext(String id, int slots, int contextLength) {
    return add(id, TestWorker.start(vertx, id, MODEL, slots, contextLength));
  }

  private TestWorker add(String id, TestWorker worker) {
    workers.add(worker);
    Await.until(id + " is known", () -> management("/workers").body().contains('"' + id + '"'));
    return worker;
  }

  /** The first worker. */
  public TestWorker worker() {
    return workers.getFirst();
  }

  public int port() {
    return verticle.port();
  }

  public int managementPort() {
    return verticle.managementPort();
  }

  public HttpClient client() {
    return client;
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port() + path);
  }

  /** POSTs JSON. */
  public HttpResponse<String> post(String path, String json) {
    return send(request(path, json).build());
  }

  /** POSTs JSON and goes on. */
  public CompletableFuture<HttpResponse<String>> postLater(String path, String json) {
    return client.sendAsync(request(path, json).build(), HttpResponse.BodyHandlers.ofString());
  }

  public HttpRequest.Builder request(String path, String json) {
    return HttpRequest.newBuilder(uri(path))
        .header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(json));
  }

  public HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(uri(path)).build());
  }

  /** GETs from the management port. */
  public HttpResponse<String> management(String path) {
    return send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort() + path)).build());
  }

  public HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The value of a meter in the exposition; 0 when it is not there. */
  public double metric(String sample) {
    return management("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElse(0);
  }

  public static JsonNode json(HttpResponse<String> response) {
    return JsonMapper.shared().readTree(response.body());
  }

  /** The data of each event of a stream, in order. */
  public static List<String> events(String body) {
    return body.lines()
        .filter(line -> line.startsWith("data: "))
        .map(line -> line.substring("data: ".length()))
        .toList();
  }

  /** The events of a stream that are JSON. */
  public static List<JsonNode> chunks(String body) {
    return events(body).stream()
        .filter(data -> !data.equals("[DONE]"))
        .map(data -> JsonMapper.shared().readTree(data))
        .toList();
  }

  /** Begins to stop the gateway, as an operator would; done when it has. */
  public CompletableFuture<Void> stop() {
    stopped = true;
    return vertx.undeploy(deploymentId).toCompletionStage().toCompletableFuture();
  }

  @Override
  public void close() {
    try {
      if (stopped) {
        return;
      }
      if (beside) {
        stop().join();
        return;
      }
      Await.until("every worker slot is back", () -> workers.stream().allMatch(w -> w.open() == 0));
      Await.until(
          "no stream is open in the gateway and nothing waits",
          () -> metric("bitfleet_streams") == 0 && metric("bitfleet_queue_depth") == 0);
      Await.until("every request is settled", () -> metric("bitfleet_requests_open") == 0);
    } finally {
      client.shutdownNow();
      if (!beside) {
        await(vertx.close().toCompletionStage().toCompletableFuture());
      }
    }
  }

  private static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}

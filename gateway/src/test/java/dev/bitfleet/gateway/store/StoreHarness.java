package dev.bitfleet.gateway.store;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.gateway.contract.ApiException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A store with blocking calls. */
final class StoreHarness implements AutoCloseable {
  static final String TENANT = "ada";

  private final Vertx vertx = Vertx.vertx();
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private final Store store;

  StoreHarness(StoreOptions options) {
    store = new Store(vertx, options, registry);
  }

  /** One of several on a member of a cluster, named by its folder. */
  StoreHarness(StoreOptions options, HazelcastInstance member, java.time.Duration rejoin) {
    store =
        new Store(
            vertx,
            options,
            java.util.Optional.of(
                Membership.of(member, options.folder().getFileName().toString(), rejoin)),
            registry);
  }

  /** A cluster of one, with maps that are empty. */
  static HazelcastInstance loneMember() {
    Config config = new Config();
    Grid.configure(config);
    config.setClusterName("test-" + UUID.randomUUID());
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
    config.getNetworkConfig().getJoin().getTcpIpConfig().setEnabled(false);
    return Hazelcast.newHazelcastInstance(config);
  }

  Store store() {
    return store;
  }

  double gauge(String name) {
    return registry.get(name).gauge().value();
  }

  Vertx vertx() {
    return vertx;
  }

  /** The result, or what the future failed with. */
  static <T> T get(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The code of the refusal; empty when there is none. */
  static String refusal(Supplier<Future<?>> call) {
    try {
      get(call.get());
      return "";
    } catch (ApiException e) {
      return e.error().status() + " " + e.error().code();
    }
  }

  String conversation(String tenant) {
    String id = "conv_" + dev.bitfleet.gateway.dialect.items.ItemIds.randomDigits();
    get(store.commit(tenant).create(id, json("{}"), java.util.List.of()).run());
    return id;
  }

  /** Appends one message as a turn of its own. */
  void append(String conversation, String text) {
    Turn turn = get(store.conversations().begin(TENANT, conversation));
    get(store.commit(TENANT).append(turn, java.util.List.of(message(text))).run());
  }

  static ObjectNode message(String text) {
    ObjectNode item = json("{\"type\":\"message\"}");
    item.put("id", "msg_" + dev.bitfleet.gateway.dialect.items.ItemIds.randomDigits());
    item.put("text", text);
    return item;
  }

  java.util.List<String> texts(String conversation) {
    return get(store.conversations().items(TENANT, conversation)).stream()
        .map(item -> item.path("text").stringValue())
        .toList();
  }

  static ObjectNode json(String text) {
    return (ObjectNode) JsonMapper.shared().readTree(text);
  }

  @Override
  public void close() {
    get(store.close());
    get(vertx.close());
  }
}

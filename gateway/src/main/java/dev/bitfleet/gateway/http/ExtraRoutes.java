package dev.bitfleet.gateway.http;

import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The routes of the program around this server. Event loop only. */
final class ExtraRoutes {
  /** What a route of somebody else need not see. */
  private static final Set<String> SECRETS = Set.of("authorization", "api-key", "x-api-key");

  private final Vertx vertx;
  private final Map<String, ExtraRoute> routes = new HashMap<>();

  /**
   * @throws IllegalArgumentException when one stands where another or one of the server's own does
   */
  ExtraRoutes(Vertx vertx, List<ExtraRoute> extra, RouteTable own) {
    this.vertx = vertx;
    for (ExtraRoute route : extra) {
      boolean taken = !(own.find(route.method(), route.path()) instanceof RouteTable.Match.Nothing);
      if (taken || routes.put(key(route.method(), route.path()), route) != null) {
        throw new IllegalArgumentException(
            route.method() + " " + route.path() + " is taken already");
      }
    }
  }

  Optional<ExtraRoute> find(String method, String path) {
    return routes.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(routes.get(key(method.equals("HEAD") ? "GET" : method, path)));
  }

  private static String key(String method, String path) {
    return method + " " + path;
  }

  void run(ExtraRoute route, Exchange exchange, byte[] body) {
    RouteRequest request =
        new RouteRequest(
            lists(exchange.request().params(), Set.of()),
            lists(exchange.request().headers(), SECRETS),
            body,
            exchange.caller().tenant());
    Context context = vertx.getOrCreateContext();
    Thread.ofVirtual()
        .name("route " + route.path())
        .start(
            () -> {
              try {
                RouteAnswer answer = route.work().answer(request);
                context.runOnContext(done -> exchange.whole(answer));
              } catch (Throwable e) {
                context.runOnContext(done -> exchange.fail(e));
              }
            });
  }

  private static Map<String, List<String>> lists(MultiMap values, Set<String> without) {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    for (Map.Entry<String, String> entry : values) {
      String name = entry.getKey().toLowerCase(Locale.ROOT);
      if (!without.contains(name)) {
        lists.computeIfAbsent(name, n -> new ArrayList<>()).add(entry.getValue());
      }
    }
    return lists;
  }
}

package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.keys.Scope;
import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The API's server: takes requests, matches routes, and looks after connections. HTTP/1.1 only:
 * behind a proxy nothing else is spoken, and HTTP/2 in clear text would double what there is to
 * defend. Event loop only.
 */
public final class HttpFront {
  private static final long TEND_MILLIS = 500;
  private static final int MAX_LINE_BYTES = 8 << 10;

  /** How long a refused body is thrown away before the connection is closed over it. */
  private static final long LINGER_MILLIS = 1000;

  /** Longest that nothing more of a complete answer may be taken, in client timeouts. */
  private static final int UNREAD_TIMEOUTS = 3;

  private static final String ALLOWED_METHODS = "GET, HEAD, POST, DELETE, OPTIONS";
  private static final String EXPOSED_HEADERS =
      "x-request-id, idempotent-replayed, openai-processing-ms, openai-version, retry-after, retry-after-ms,"
          + " x-bitfleet-dropped-messages, x-should-retry,"
          + " x-ratelimit-limit-requests, x-ratelimit-remaining-requests,"
          + " x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens,"
          + " x-ratelimit-reset-tokens";

  private final Vertx vertx;
  private final HttpLimits limits;
  private final Gatekeeper gatekeeper;
  private final Cors cors;
  private final GatewayMetrics metrics;
  private final Map<Operation, Handler> handlers;
  private final RouteTable routes = new RouteTable();
  private final ExtraRoutes extra;
  private final Connections connections;
  private final BodyBudget budget;
  private final Map<Exchange, Open> open = new HashMap<>();
  private @Nullable HttpServer server;
  private long tendTimer = -1;
  private boolean leaving;
  private boolean draining;

  /** What is being done for an exchange before its handler has it. */
  private static final class Open {
    @Nullable BodyReader body;
  }

  public HttpFront(
      Vertx vertx,
      HttpLimits limits,
      AccessRules rules,
      Map<Operation, Handler> handlers,
      List<ExtraRoute> extra,
      GatewayMetrics metrics) {
    this.vertx = vertx;
    this.limits = limits;
    this.gatekeeper = new Gatekeeper(rules);
    this.cors = gatekeeper.cors();
    this.metrics = metrics;
    this.handlers = Map.copyOf(handlers);
    this.extra = new ExtraRoutes(vertx, extra, routes);
    this.connections = new Connections(limits.maxConnections(), limits.clientTimeout());
    this.budget = new BodyBudget(limits.bodyBudgetBytes());
  }

  /** Listens; gives the port, which the system picks for 0. */
  public Future<Integer> start(String host, int port) {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(host)
            .setPort(port)
            .setReuseAddress(true)
            .setAcceptBacklog(1024)
            .setTcpNoDelay(true)
            .setHttp2ClearTextEnabled(false)
            .setMaxInitialLineLength(MAX_LINE_BYTES)
            .setMaxHeaderSize(limits.maxHeaderBytes());
    HttpServer listening =
        vertx
            .createHttpServer(options)
            .connectionHandler(
                connection -> {
                  StrictHttp.impose(connection, options, () -> bodyBroken(connection));
                  connections.opened(connection, System.nanoTime());
                })
            .invalidRequestHandler(HttpFront::undecodable)
            .requestHandler(this::request);
    server = listening;
    tendTimer = vertx.setPeriodic(TEND_MILLIS, id -> tend());
    return listening.listen().map(HttpServer::actualPort);
  }

  /** Lets every connection end with its next answer: a balancer is about to look elsewhere. */
  public void leave() {
    leaving = true;
  }

  /** Answers new requests with 503 and waits for the open ones, at most that long; then closes. */
  public Future<Void> stop(Duration atMost) {
    draining = true;
    Promise<Void> drained = Promise.promise();
    long deadline = System.nanoTime() + atMost.toNanos();
    vertx.setPeriodic(
        1,
        20,
        id -> {
          if (open.isEmpty() || System.nanoTime() - deadline >= 0) {
            vertx.cancelTimer(id);
            vertx.cancelTimer(tendTimer);
            drained.tryComplete();
          }
        });
    return drained
        .future()
        .compose(done -> server == null ? Future.succeededFuture() : server.close());
  }

  /** Requests that have not been answered in full. */
  public int openRequests() {
    return open.size();
  }

  private void request(HttpServerRequest request) {
    Exchange exchange =
        new Exchange(request, metrics, RequestIds.of(request.getHeader("x-request-id")));
    Open state = new Open();
    open.put(exchange, state);
    connections.requestBegan(request.connection());
    exchange.atEnd(
        () -> {
          open.remove(exchange);
          connections.requestEnded(request.connection(), System.nanoTime());
          if ("close".equals(request.response().headers().get("connection"))) {
            vertx.setTimer(LINGER_MILLIS, id -> request.connection().close());
          }
        });
    allowOrigin(request);
    if (draining) {
      exchange.errorAndClose(
          ApiError.server(
              503, "shutting_down", "This server is shutting down.", Duration.ofSeconds(1)));
      return;
    }
    if (leaving) {
      request.response().putHeader("connection", "close");
    }
    if (request.method().equals(HttpMethod.OPTIONS)) {
      options(exchange);
      return;
    }
    Optional<ApiError> sentAway = gatekeeper.atTheDoor(request);
    if (sentAway.isPresent()) {
      exchange.errorAndClose(sentAway.get());
      return;
    }
    if (!queryReads(request)) {
      refuse(exchange, 400, "malformed_request", "The query is not well-formed.");
      return;
    }
    switch (routes.find(request.method().name(), path(request))) {
      case RouteTable.Match.Found found -> {
        exchange.matched(found.operation(), found.parameters());
        gatekeeper
            .admit(exchange, found.operation())
            .ifPresentOrElse(
                exchange::errorAndClose, () -> carryOut(exchange, state, found.operation()));
      }
      case RouteTable.Match.WrongMethod wrong -> {
        exchange.response().putHeader("allow", wrong.allow());
        refuse(exchange, 405, "method_not_allowed", "This path takes " + wrong.allow() + ".");
      }
      case RouteTable.Match.Malformed ignored ->
          refuse(exchange, 400, "malformed_request", "The path is not well-formed.");
      case RouteTable.Match.Nothing ignored ->
          extra
              .find(request.method().name(), path(request))
              .ifPresentOrElse(
                  route -> carryOut(exchange, state, route),
                  () ->
                      refuse(
                          exchange, 404, "not_found", "There is no such path; see /openapi.json."));
    }
  }

  private void carryOut(Exchange exchange, Open state, ExtraRoute route) {
    Optional<ApiError> refusal =
        gatekeeper.admit(exchange, route.open() ? Set.of() : Set.of(Scope.INFERENCE));
    if (refusal.isPresent()) {
      exchange.errorAndClose(refusal.get());
      return;
    }
    BodyReader reader =
        new BodyReader(
            exchange,
            limits,
            budget,
            Operation.Body.ANYTHING,
            body -> extra.run(route, exchange, body));
    state.body = reader;
    reader.read();
  }

  /** True when there is a body being read that this can be an answer to. */
  private boolean bodyBroken(HttpConnection connection) {
    for (Map.Entry<Exchange, Open> each : open.entrySet()) {
      BodyReader body = each.getValue().body;
      if (body != null && each.getKey().request().connection() == connection) {
        // Out of the decoder's call, and on the context that requests are handled on.
        vertx.runOnContext(later -> body.broken());
        return true;
      }
    }
    return false;
  }

  private void carryOut(Exchange exchange, Open state, Operation operation) {
    if (operation.body() == Operation.Body.NONE) {
      handle(exchange, new byte[0]);
      return;
    }
    BodyReader reader =
        new BodyReader(exchange, limits, budget, operation.body(), body -> handle(exchange, body));
    state.body = reader;
    reader.read();
  }

  private void handle(Exchange exchange, byte[] body) {
    Handler handler = handlers.get(exchange.operation());
    try {
      if (handler == null) {
        throw new IllegalStateException(exchange.operation() + " has no handler");
      }
      handler.handle(exchange, body);
    } catch (RuntimeException e) {
      exchange.fail(e);
    }
  }

  /** Whether the query can be decoded; what it gives is kept by the request. */
  private static boolean queryReads(HttpServerRequest request) {
    if (request.query() == null) {
      return true;
    }
    try {
      return request.params() != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static void refuse(Exchange exchange, int status, String code, String message) {
    exchange.error(ApiError.invalid(status, code, Optional.empty(), message));
  }

  private static String path(HttpServerRequest request) {
    String path = request.path();
    return path == null ? "" : path;
  }

  private void allowOrigin(HttpServerRequest request) {
    String origin = request.getHeader("origin");
    if (origin == null) {
      return;
    }
    HttpServerResponse response = request.response().putHeader("vary", "Origin");
    if (cors.allows(origin)) {
      response
          .putHeader("access-control-allow-origin", origin)
          .putHeader("access-control-expose-headers", EXPOSED_HEADERS);
    }
  }

  private void options(Exchange exchange) {
    HttpServerRequest request = exchange.request();
    HttpServerResponse response = exchange.response();
    // No operation has the method, so what a path takes comes back as what is allowed instead.
    if (routes.find("OPTIONS", path(request)) instanceof RouteTable.Match.WrongMethod known) {
      response.putHeader("allow", known.allow());
    } else if (!path(request).equals("*")) {
      refuse(exchange, 404, "not_found", "There is no such path; see /openapi.json.");
      return;
    }
    String wanted = request.getHeader("access-control-request-method");
    if (wanted != null && response.headers().contains("access-control-allow-origin")) {
      response
          .putHeader("access-control-allow-methods", ALLOWED_METHODS)
          .putHeader("access-control-max-age", "600");
      String headers = request.getHeader("access-control-request-headers");
      if (headers != null) {
        response.putHeader("access-control-allow-headers", Cors.allowedHeaders(headers));
      }
    }
    exchange.empty(204);
  }

  private void tend() {
    long now = System.nanoTime();
    connections.sweep(now);
    metrics.connections(connections.size());
    for (Map.Entry<Exchange, Open> each : new ArrayList<>(open.entrySet())) {
      Exchange exchange = each.getKey();
      Open state = each.getValue();
      if (exchange.answeredNanos() != 0) {
        if (exchange.unread(now, UNREAD_TIMEOUTS * limits.clientTimeout().toNanos())) {
          metrics.stuckReader();
          exchange.cut();
        }
      } else if (exchange.tended() != null) {
        exchange.tended().tend(now);
      } else if (state.body != null) {
        state.body.checkPace(now);
      }
    }
  }

  /** A head that the decoder gave up on. */
  private static void undecodable(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    ApiError error =
        switch (cause) {
          case TooLongHttpHeaderException ignored ->
              ApiError.invalid(
                  431, "headers_too_large", Optional.empty(), "The header fields are too large.");
          case TooLongHttpLineException ignored ->
              ApiError.invalid(
                  414, "uri_too_long", Optional.empty(), "The request line is too long.");
          case StrictHttp.UnsupportedVersionException ignored ->
              ApiError.invalid(
                  505,
                  "unsupported_http_version",
                  Optional.empty(),
                  "Only HTTP/1.1 and HTTP/1.0 are spoken.");
          case null, default ->
              ApiError.invalid(
                  400, "malformed_request", Optional.empty(), "This is not well-formed HTTP.");
        };
    request
        .response()
        .setStatusCode(error.status())
        .putHeader("content-type", "application/json")
        .putHeader("connection", "close")
        .end(Buffer.buffer(ErrorJson.envelope(error)))
        .onComplete(written -> request.connection().close());
  }
}

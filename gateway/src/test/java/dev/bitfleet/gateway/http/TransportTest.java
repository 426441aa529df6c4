package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP itself: methods, headers, origins, and clients that mean no good. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TransportTest {
  private static final Duration CLIENT_TIMEOUT = Duration.ofSeconds(1);

  private final Gateway gateway =
      Gateway.withWorker(
          options ->
              options
                  .clientTimeout(CLIENT_TIMEOUT)
                  .corsOrigins(List.of("loopback", "https://app.example")));

  @AfterAll
  void stop() {
    gateway.close();
  }

  private HttpResponse<String> call(String method, String path, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(gateway.uri(path))
            .method(method, HttpRequest.BodyPublishers.noBody());
    return gateway.send(headers.length == 0 ? request.build() : request.headers(headers).build());
  }

  @Test
  void a_query_that_cannot_be_decoded_is_a_bad_request() throws Exception {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send("GET /v1/models?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(connection.readUntil("malformed_request")).contains("400");
    }
  }

  @Test
  void a_wrong_method_is_405_with_what_is_allowed() {
    HttpResponse<String> get = call("GET", "/v1/completions");
    assertThat(get.statusCode()).isEqualTo(405);
    assertThat(get.headers().firstValue("allow")).contains("OPTIONS, POST");
    assertThat(get.body()).contains("method_not_allowed");
    assertThat(call("DELETE", "/v1/models/x").headers().firstValue("allow"))
        .contains("GET, HEAD, OPTIONS");
    assertThat(call("BREW", "/health").statusCode()).isEqualTo(405);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/v1", "/v1/", "/v1/models/", "/health/", "/v1/chat", "//health"})
  void an_unknown_path_is_404_in_the_envelope(String path) {
    HttpResponse<String> response = call("GET", path);
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).contains("\"error\"").contains("not_found");
  }

  @Test
  void a_path_that_cannot_be_decoded_is_400() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "GET /v1/models/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 400");
    }
  }

  @Test
  void head_is_get_without_the_body() {
    HttpResponse<String> get = call("GET", "/v1/models");
    HttpResponse<String> head = call("HEAD", "/v1/models");
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValue("content-length"))
        .contains(Integer.toString(get.body().length()));
  }

  @Test
  void options_tells_what_a_path_takes() {
    HttpResponse<String> response = call("OPTIONS", "/v1/models");
    assertThat(response.statusCode()).isEqualTo(204);
    assertThat(response.headers().firstValue("allow")).contains("GET, HEAD, OPTIONS");
    assertThat(call("OPTIONS", "/none").statusCode()).isEqualTo(404);
  }

  @Test
  void the_contract_is_served() {
    HttpResponse<String> response = call("GET", "/openapi.json");
    assertThat(Gateway.json(response).path("openapi").stringValue()).startsWith("3.1");
    assertThat(Gateway.json(response).path("paths").has("/v1/chat/completions")).isTrue();
  }

  @Test
  void answers_carry_the_headers_sdks_read_and_no_server_name() {
    HttpResponse<String> response = call("GET", "/health", "x-request-id", "mine-1");
    assertThat(response.headers().firstValue("x-request-id")).contains("mine-1");
    assertThat(response.headers().firstValue("openai-version")).contains("2020-10-01");
    assertThat(response.headers().firstValueAsLong("openai-processing-ms")).isPresent();
    assertThat(response.headers().firstValue("server")).isEmpty();
    assertThat(call("GET", "/health", "x-request-id", "a b").headers().firstValue("x-request-id"))
        .hasValueSatisfying(id -> assertThat(id).startsWith("req_"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://localhost:3000", "http://127.0.0.1", "https://app.example"})
  void a_page_of_an_allowed_origin_may_call(String origin) {
    HttpResponse<String> preflight =
        call(
            "OPTIONS",
            "/v1/chat/completions",
            "Origin",
            origin,
            "Access-Control-Request-Method",
            "POST",
            "Access-Control-Request-Headers",
            "authorization,content-type,x-stainless-os");
    assertThat(preflight.statusCode()).isEqualTo(204);
    assertThat(preflight.headers().firstValue("access-control-allow-origin")).contains(origin);
    assertThat(preflight.headers().firstValue("access-control-allow-methods"))
        .hasValueSatisfying(methods -> assertThat(methods).contains("POST"));
    assertThat(preflight.headers().firstValue("access-control-allow-headers"))
        .contains("authorization,content-type,x-stainless-os");
    HttpResponse<String> error = call("GET", "/none", "Origin", origin);
    assertThat(error.headers().firstValue("access-control-allow-origin")).contains(origin);
    assertThat(error.headers().firstValue("access-control-expose-headers"))
        .hasValueSatisfying(
            names -> assertThat(names).contains("x-request-id", "idempotent-replayed"));
    assertThat(error.headers().firstValue("vary")).contains("Origin");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://evil.example", "http://localhost.evil.example", "null"})
  void a_page_of_another_origin_may_not(String origin) {
    HttpResponse<String> preflight =
        call(
            "OPTIONS",
            "/v1/chat/completions",
            "Origin",
            origin,
            "Access-Control-Request-Method",
            "POST");
    assertThat(preflight.headers().firstValue("access-control-allow-origin")).isEmpty();
    assertThat(preflight.headers().firstValue("access-control-allow-methods")).isEmpty();
  }

  @Test
  void a_head_that_is_too_large_is_431() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Big: " + "a".repeat(40_000) + "\r\n\r\n");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 431").contains("headers_too_large");
    }
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "GET /health HTTP/1.1\r\nHost: localhost\r\n" + "X-A: b\r\n".repeat(5000) + "\r\n");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 431");
    }
  }

  @Test
  void a_line_that_is_too_long_is_414() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(connection.readAll()).contains(" 414 ").contains("uri_too_long");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000 tls hello\r\n\r\n",
        "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: -5\r\n\r\nhello",
        "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      })
  void what_is_not_http_is_cut_and_never_a_server_error(String bytes) {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      int seenBefore = gateway.worker().seen().size();
      connection.send(bytes);
      assertThat(connection.readAll()).doesNotContain("HTTP/1.1 5").doesNotContain("HTTP/1.1 2");
      assertThat(gateway.worker().seen()).hasSize(seenBefore);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Transfer-Encoding: chunked\r\n\r\nZZZ\r\nhello\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"p\r\n-1\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 14\r\n\r\ne\r\n{\"prompt\":\"x\"}\r\n"
            + "0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
      })
  void a_body_that_cannot_be_told_apart_is_answered_then_cut(String rest) {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      int seenBefore = gateway.worker().seen().size();
      connection.send(
          "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + rest
              + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(connection.readAll())
          .startsWith("HTTP/1.1 400")
          .contains("connection: close")
          .contains("malformed_request")
          .doesNotContain("HTTP/1.1 2");
      assertThat(gateway.worker().seen()).hasSize(seenBefore);
    }
  }

  @Test
  void a_chunk_that_breaks_later_is_answered_too() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
      connection.readUntil("100 Continue\r\n\r\n");
      connection.send("ZZZ\r\n");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 400").contains("malformed_request");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /health HTTP/0.9\r\n\r\n"
      })
  void another_version_of_http_is_505_in_a_version_that_is_spoken(String head) {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(head);
      assertThat(connection.readAll())
          .matches("(?s)HTTP/1\\.[01] 505 .*")
          .contains("unsupported_http_version");
    }
  }

  @Test
  void slow_headers_are_cut() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
      assertThat(connection.timeUntilClosed()).isLessThan(CLIENT_TIMEOUT.plusSeconds(2));
    }
  }

  @Test
  void a_trickle_of_headers_does_not_help() throws Exception {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send("GET /health HTTP/1.1\r\n");
      Thread trickle =
          Thread.startVirtualThread(
              () -> {
                try {
                  while (true) {
                    connection.send("X-A: b\r\n");
                    Thread.sleep(100);
                  }
                } catch (Exception e) {
                  // cut
                }
              });
      assertThat(connection.timeUntilClosed()).isLessThan(CLIENT_TIMEOUT.plusSeconds(2));
      trickle.join(5000);
      assertThat(trickle.isAlive()).isFalse();
    }
  }

  @Test
  void a_body_that_stops_coming_is_408() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 1000\r\n\r\n{\"prompt\":");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 408").contains("request_timeout");
    }
  }

  @Test
  void an_idle_kept_connection_is_closed_and_one_in_use_is_not() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      for (int i = 0; i < 3; i++) {
        connection.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(connection.readUntil("{\"status\":\"ok\"}")).startsWith("HTTP/1.1 200");
      }
      assertThat(connection.timeUntilClosed())
          .isBetween(CLIENT_TIMEOUT.minusMillis(100), CLIENT_TIMEOUT.plusSeconds(2));
    }
  }

  @Test
  void expect_continue_is_answered_before_the_body() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 14\r\nExpect: 100-continue\r\n\r\n");
      assertThat(connection.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 100");
      connection.send("{\"prompt\":1  }");
      assertThat(connection.readUntil("invalid_parameter")).contains("HTTP/1.1 400");
    }
  }

  @Test
  void a_body_that_is_too_large_is_refused_before_it_is_sent() {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
              + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
      assertThat(connection.readAll()).startsWith("HTTP/1.1 413");
    }
  }

  @Test
  void a_long_answer_is_not_taken_for_a_slow_client() {
    gateway.worker().pace(100);
    String body = "{\"prompt\":\"hi\",\"n_predict\":25}";
    CompletableFuture<HttpResponse<String>> whole = gateway.postLater("/completion", body);
    HttpResponse<String> stream =
        gateway.post("/completion", body.replace("}", ",\"stream\":true}"));
    assertThat(Gateway.chunks(stream.body())).hasSize(26);
    assertThat(whole.join().statusCode()).isEqualTo(200);
    gateway.worker().pace(0);
  }
}

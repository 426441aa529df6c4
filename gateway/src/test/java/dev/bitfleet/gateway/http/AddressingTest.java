package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom a request is for, and the names in it; at both ports. */
class AddressingTest {
  private static Gateway gateway;

  @BeforeAll
  static void start() {
    gateway = Gateway.withWorker(UnaryOperator.identity());
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static List<Integer> ports() {
    return List.of(gateway.port(), gateway.managementPort());
  }

  private static String live(int port) {
    return port == gateway.port() ? "/health" : "/health/live";
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET ftp://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http:///health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://evil@localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
      })
  void a_request_says_once_and_clearly_whom_it_is_for(String request) {
    for (int port : ports()) {
      try (RawConnection connection = new RawConnection(port)) {
        assertThat(connection.send(request).readAll())
            .startsWith("HTTP/1.1 400")
            .contains("malformed_request");
      }
    }
  }

  @Test
  void http_1_0_may_leave_it_out() {
    for (int port : ports()) {
      try (RawConnection connection = new RawConnection(port)) {
        connection.send("GET " + live(port) + " HTTP/1.0\r\n\r\n");
        assertThat(connection.readAll()).contains(" 200 ");
      }
    }
  }

  @Test
  void a_target_in_absolute_form_is_served_and_its_host_is_the_one_that_counts() {
    for (int port : ports()) {
      try (RawConnection connection = new RawConnection(port)) {
        connection.send(
            "GET http://localhost:"
                + port
                + live(port)
                + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        assertThat(connection.readAll()).startsWith("HTTP/1.1 200");
      }
      try (RawConnection connection = new RawConnection(port)) {
        connection.send(
            "GET http://evil.example" + live(port) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(connection.readAll()).startsWith("HTTP/1.1 421").contains("host_not_allowed");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/workers", "/metrics", "/health/live", "/health/ready"})
  void a_page_that_rebinds_its_name_learns_nothing_from_the_management_port(String path) {
    for (String head :
        List.of("Host: evil.example", "Host: localhost\r\nOrigin: http://evil.example")) {
      try (RawConnection connection = new RawConnection(gateway.managementPort())) {
        connection.send("GET " + path + " HTTP/1.1\r\n" + head + "\r\n\r\n");
        assertThat(connection.readAll())
            .containsPattern("^HTTP/1.1 (421|403)")
            .doesNotContain("worker-1");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"%2B1", "-1", "0", "101", "1.5", "x", "%D9%A1", "99999999999"})
  void a_limit_is_plain_digits(String limit) {
    HttpResponse<String> answer = gateway.get("/v1/conversations?limit=" + limit);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(Gateway.json(answer).at("/error/param").stringValue()).isEqualTo("limit");
  }

  @Test
  void a_name_that_is_repeated_in_a_message_forges_no_line() {
    for (String path :
        List.of(
            "/v1/conversations/a%0AERROR%20b",
            "/v1/responses/a%0AERROR%20b", "/v1/models/a%0AERROR%20b")) {
      HttpResponse<String> answer = gateway.get(path);
      assertThat(Gateway.json(answer).at("/error/message").stringValue())
          .as(path)
          .contains("a\\nERROR b")
          .doesNotContain("\n");
    }
    HttpResponse<String> field =
        gateway.post("/v1/responses", "{\"input\":[{\"type\":\"a\\nb\"}]}");
    assertThat(Gateway.json(field).at("/error/message").stringValue()).contains("'a\\nb'");
  }
}

package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.http.RouteTable.Match;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RouteTableTest {
  private final RouteTable routes = new RouteTable();

  @ParameterizedTest
  @EnumSource
  void every_operation_is_found_under_its_documented_path(Operation operation) {
    String path = operation.documentPath().replace("{model}", "m");
    assertThat(routes.find(operation.method(), path))
        .isInstanceOfSatisfying(
            Match.Found.class, found -> assertThat(found.operation()).isEqualTo(operation));
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/models/a, a",
    "/v1/models/a/b/c, a/b/c",
    "/v1/models/a%2Fb, a/b",
    "/v1/models/a+b%20c, a+b c",
    "/v1/models/%E6%97%A5, 日",
    "/v1/models/日, 日"
  })
  void ids_are_decoded_with_their_slashes(String path, String id) {
    assertThat(routes.find("GET", path))
        .isEqualTo(new Match.Found(Operation.RETRIEVE_MODEL, Map.of("model", id)));
  }

  @ParameterizedTest
  @CsvSource({"/v1/models/%", "/v1/models/%4", "/v1/models/%ff", "/v1/models/%gg"})
  void what_cannot_be_decoded_is_malformed(String path) {
    assertThat(routes.find("GET", path)).isInstanceOf(Match.Malformed.class);
  }

  @Test
  void head_goes_where_get_goes_but_not_where_post_goes() {
    assertThat(routes.find("HEAD", "/health")).isInstanceOf(Match.Found.class);
    assertThat(routes.find("HEAD", "/completion"))
        .isEqualTo(new Match.WrongMethod("OPTIONS, POST"));
  }
}

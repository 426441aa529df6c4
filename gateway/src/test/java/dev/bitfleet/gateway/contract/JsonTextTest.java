package dev.bitfleet.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class JsonTextTest {
  private static ApiError refusal(byte[] body) {
    return catchThrowableOfType(ApiException.class, () -> JsonText.read(body)).error();
  }

  private static ApiError refusal(String body) {
    return refusal(body.getBytes(StandardCharsets.UTF_8));
  }

  private static JsonNode read(String body) {
    return JsonText.read(body.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void text_of_every_plane_comes_through() {
    assertThat(read("{\"a\":\"naïve 日本 😀 \\ud83d\\ude00 \\u00e9\"}").path("a").stringValue())
        .isEqualTo("naïve 日本 😀 😀 é");
  }

  @Test
  void an_empty_body_is_told_from_a_malformed_one() {
    assertThat(refusal("").code()).isEqualTo("empty_body");
    assertThat(refusal("  \n ").code()).isEqualTo("empty_body");
    assertThat(refusal("{").code()).isEqualTo("invalid_json");
  }

  @Test
  void malformed_json_is_placed_by_line_and_column() {
    assertThat(refusal("{\n  \"a\": tru\n}").message()).contains("line 2, column");
  }

  @Test
  void invalid_utf8_is_placed_by_byte() {
    byte[] body = "{\"a\":\"xy\"}".getBytes(StandardCharsets.UTF_8);
    body[7] = (byte) 0xFF;
    assertThat(refusal(body).message()).isEqualTo("The body is not valid UTF-8, at byte 7.");
  }

  @Test
  void surrogates_written_as_utf8_and_overlong_forms_are_invalid() {
    byte[] surrogate = "{\"a\":\"xyz\"}".getBytes(StandardCharsets.UTF_8);
    surrogate[6] = (byte) 0xED;
    surrogate[7] = (byte) 0xA0;
    surrogate[8] = (byte) 0x80;
    assertThat(refusal(surrogate).message()).contains("not valid UTF-8");
    byte[] overlong = "{\"a\":\"xy\"}".getBytes(StandardCharsets.UTF_8);
    overlong[6] = (byte) 0xC0;
    overlong[7] = (byte) 0x80;
    assertThat(refusal(overlong).message()).contains("not valid UTF-8");
  }

  @Test
  void a_lone_surrogate_is_refused_where_it_stands() {
    ApiError error = refusal("{\"m\":[{\"c\":\"ab\\ud800\"}]}");
    assertThat(error.param()).contains("m[0].c");
    assertThat(error.message()).contains("a lone surrogate at character 2");
    assertThat(refusal("{\"c\":\"\\uDC00\\uD800\"}").message()).contains("lone surrogate");
  }

  @Test
  void nul_is_refused_escaped_and_raw() {
    assertThat(refusal("{\"c\":\"a\\u0000\"}").param()).contains("c");
    assertThat(refusal("{\"c\":\"a\0\"}").code()).isEqualTo("invalid_json");
  }

  @Test
  void other_escaped_controls_are_text() {
    assertThat(read("{\"c\":\"\\u0001\\n\"}").path("c").stringValue()).isEqualTo("\u0001\n");
  }

  @Test
  void depth_is_bounded() {
    assertThat(read("{\"a\":" + "[".repeat(60) + "]".repeat(60) + "}").isObject()).isTrue();
    ApiError error = refusal("{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}");
    assertThat(error.code()).isEqualTo("invalid_json");
    assertThat(error.message()).hasSizeLessThan(200);
  }

  @Test
  void numbers_and_names_are_bounded() {
    assertThat(refusal("{\"a\":" + "9".repeat(100_000) + "}").code()).isEqualTo("invalid_json");
    assertThat(refusal("{\"" + "k".repeat(5000) + "\":1}").code()).isEqualTo("invalid_json");
  }

  @Test
  void a_million_tiny_values_are_too_many() {
    assertThat(refusal("{\"a\":[" + "0,".repeat(1_100_000) + "0]}").code())
        .isEqualTo("invalid_json");
  }

  @Test
  void a_field_given_twice_is_refused() {
    assertThat(refusal("{\"a\":1,\"a\":2}").message()).contains("uplicate");
  }

  @Test
  void trailing_text_and_other_roots_are_refused() {
    assertThat(refusal("{} {}").code()).isEqualTo("invalid_json");
    assertThat(refusal("[1]").message()).isEqualTo("The body must be a JSON object, not an array.");
    assertThat(refusal("{'a':1}").code()).isEqualTo("invalid_json");
    assertThat(refusal("{\"a\":NaN}").code()).isEqualTo("invalid_json");
    assertThat(refusal("{\"a\":1,}").code()).isEqualTo("invalid_json");
  }
}

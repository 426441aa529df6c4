package dev.bitfleet.gateway.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class JsonBytesTest {

  private static String roundTrip(String text) {
    return JsonMapper.shared().readTree(new JsonBytes(1).string(text).toByteArray()).stringValue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "plain", "\"quoted\\\"", "\n\r\t\b\f\u0001\u001f", "naïve 日本 😀", "</script>"})
  void a_reader_gets_back_what_was_written(String text) {
    assertThat(roundTrip(text)).isEqualTo(text);
  }

  @Test
  void random_text_of_all_planes_comes_back() {
    Random random = new Random(42);
    for (int i = 0; i < 500; i++) {
      StringBuilder text = new StringBuilder();
      for (int j = random.nextInt(50); j > 0; j--) {
        int point = random.nextInt(random.nextBoolean() ? 0x80 : 0x110000);
        if (point < 0xD800 || point > 0xDFFF) {
          text.appendCodePoint(point);
        }
      }
      assertThat(roundTrip(text.toString())).isEqualTo(text.toString());
    }
  }

  @Test
  void a_lone_surrogate_does_not_spoil_the_stream() {
    assertThat(roundTrip("a\uD800b\uDC00")).isEqualTo("a\uFFFDb\uFFFD");
  }

  @Test
  void it_can_be_used_again() {
    JsonBytes out = new JsonBytes(4).raw("{\"a\":").number(5).raw("}");
    assertThat(out.toString()).isEqualTo("{\"a\":5}");
    out.clear();
    assertThat(out.number(-0.25).nul().toString()).isEqualTo("-0.25null");
  }
}

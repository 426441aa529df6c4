package dev.bitfleet.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShownTest {
  @Test
  void what_a_client_wrote_stays_on_one_line() {
    assertThat(Shown.line("plain, größer, 日本")).isEqualTo("plain, größer, 日本");
    assertThat(Shown.line("a\nb\r\tc\u001b[31m\u202e\u2028\u0085d"))
        .isEqualTo("a\\nb\\r\\tc\\u001b[31m\\u202e\\u2028\\u0085d");
  }

  @Test
  void what_is_long_is_cut_between_characters() {
    assertThat(Shown.of("x".repeat(80))).hasSize(80);
    assertThat(Shown.of("x".repeat(81))).isEqualTo("x".repeat(80) + "…");
    assertThat(Shown.of("x".repeat(79) + "😀😀")).isEqualTo("x".repeat(79) + "…");
  }
}

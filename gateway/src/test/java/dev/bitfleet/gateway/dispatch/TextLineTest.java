package dev.bitfleet.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextLineTest {
  @Test
  void one_alone_may_have_no_more_than_all_together() {
    TextLine line = new TextLine(4, 100);
    assertThat(line.enter(101)).isFalse();
    assertThat(line.enter(60)).isTrue();
    assertThat(line.enter(41)).isFalse();
    assertThat(line.enter(40)).isTrue();
    line.leave(60);
    assertThat(line.enter(60)).isTrue();
  }
}

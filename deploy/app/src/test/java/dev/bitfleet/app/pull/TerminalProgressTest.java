package dev.bitfleet.app.pull;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {
  private final StringWriter text = new StringWriter();
  private final AtomicLong nanos = new AtomicLong();

  @Test
  void a_log_gets_a_line_for_every_tenth_and_no_cursor_movement() {
    var progress = new TerminalProgress(new PrintWriter(text), false, nanos::get);
    progress.begin("m.gguf", 0, 1_000_000);
    for (int done = 0; done <= 1_000_000; done += 50_000) {
      nanos.addAndGet(100_000_000);
      progress.at(done);
    }
    progress.end();

    assertThat(text.toString().lines()).hasSize(10);
    assertThat(text.toString())
        .startsWith("m.gguf  10 %  100.0 kB of 1.0 MB")
        .contains("m.gguf  50 %  500.0 kB of 1.0 MB  ")
        .contains(" left")
        .doesNotContain("\r")
        .doesNotContain("\u001b");
  }

  @Test
  void a_terminal_gets_one_line_that_redraws_itself_not_too_often() {
    var progress = new TerminalProgress(new PrintWriter(text), true, nanos::get);
    progress.begin("m.gguf", 0, 100);
    for (int done = 1; done <= 100; done++) {
      nanos.addAndGet(10_000_000);
      progress.at(done);
    }
    progress.end();

    assertThat(text.toString().split("\r", -1).length).isBetween(5, 8);
    assertThat(text.toString()).contains("▕████████████████████████▏ 100 %");
  }
}

package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More requests than there is room for. */
@Tag("alone")
class OverloadIT {
  @TempDir Path folder;

  @Test
  void one_runs_one_waits_and_the_next_is_told_when_to_come_back() throws Exception {
    Path model = SlowModel.in(folder);
    try (var bitfleet =
        BitfleetProcess.start(
            folder,
            model.toString(),
            "--slots",
            "1",
            "--queue-limit",
            "1",
            "--queue-timeout",
            "700ms",
            "--ctx-size",
            "16384")) {
      var chat = new Chat(bitfleet);
      try (Chat.Stream running = chat.stream("/completion", Chat.endless(16000))) {
        assertThat(Chat.text(running.firstText())).isNotEmpty();
        CompletableFuture<HttpResponse<String>> waiting = ask(chat);
        Await.until(
            "one request waits",
            Duration.ofSeconds(2),
            () -> metric(bitfleet, "bitfleet_queue_depth") == 1);

        long began = System.nanoTime();
        HttpResponse<String> refused = ask(chat).get(10, TimeUnit.SECONDS);
        Duration took = Duration.ofNanos(System.nanoTime() - began);

        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(429);
        assertThat(retryAfter(refused)).isBetween(1L, 60L);
        assertThat(refused.body()).contains("\"error\"");
        assertThat(took).isLessThan(Duration.ofSeconds(1));
        HttpResponse<String> tooLate = waiting.get(10, TimeUnit.SECONDS);
        assertThat(tooLate.statusCode()).as(tooLate.body()).isEqualTo(503);
        assertThat(retryAfter(tooLate)).isBetween(1L, 60L);
        // Told by heartbeats, the last of which may have been sent before the running one was
        // opened.
        Await.until(
            "the running one goes on", Duration.ofSeconds(2), () -> bitfleet.openSequences() == 1);
      }
      Await.until("the slot is free", Duration.ofSeconds(1), () -> bitfleet.openSequences() == 0);
      assertThat(ask(chat).get(20, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  private static CompletableFuture<HttpResponse<String>> ask(Chat chat) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return chat.post("/completion", Chat.endless(2).toString());
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static long retryAfter(HttpResponse<String> response) {
    return Long.parseLong(response.headers().firstValue("retry-after").orElseThrow());
  }

  private static double metric(BitfleetProcess bitfleet, String name) {
    try {
      return bitfleet
          .metrics()
          .lines()
          .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

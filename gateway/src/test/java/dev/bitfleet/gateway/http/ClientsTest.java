package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.Prompt;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Clients that leave, clients that do not read, and more clients than can be served. */
class ClientsTest {
  private static final Duration OVERLOAD_ANSWER_WINDOW = Duration.ofMillis(50);
  private static final Pattern CONTENT = Pattern.compile("\"content\":\"([^\"]*)\"");
  private static final String ENDLESS = "{\"prompt\":\"hi\",\"n_predict\":-1,\"ignore_eos\":true}";
  private static final String LONG = "{\"prompt\":\"hi\",\"n_predict\":100000}";
  private static final String LONG_STREAM =
      "{\"prompt\":\"hi\",\"n_predict\":100000,\"stream\":true}";

  @Test
  void a_stream_whose_client_leaves_is_cancelled() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(2);
      try (RawConnection client = new RawConnection(gateway.port())) {
        client.post("/completion", LONG_STREAM).readUntil("data: ");
      }
      Await.until("the slot is free", () -> gateway.worker().open() == 0);
      assertThat(gateway.worker().cancelled()).hasSize(1);
      assertThat(gateway.metric("bitfleet_client_disconnects_total")).isEqualTo(1);
    }
  }

  @Test
  void a_whole_answer_whose_client_leaves_is_cancelled_too() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(2);
      try (RawConnection client = new RawConnection(gateway.port())) {
        client.post("/completion", LONG);
        Await.until("it runs", () -> gateway.worker().sent() > 3);
      }
      Await.until("the slot is free", () -> gateway.worker().open() == 0);
      assertThat(gateway.worker().cancelled()).hasSize(1);
    }
  }

  @Test
  void a_client_that_leaves_the_queue_is_never_sent_to_a_worker() {
    try (Gateway gateway = Gateway.bare(UnaryOperator.identity())) {
      gateway.worker("worker-1", 1).pause();
      CompletableFuture<HttpResponse<String>> first = gateway.postLater("/completion", ENDLESS);
      Await.until("the slot is taken", () -> gateway.worker().open() == 1);
      try (RawConnection client = new RawConnection(gateway.port())) {
        client.post("/completion", LONG);
        Await.until("it waits", () -> gateway.metric("bitfleet_queue_depth") == 1);
      }
      Await.until("the queue is empty", () -> gateway.metric("bitfleet_queue_depth") == 0);
      gateway.worker().resume();
      assertThat(first.join().statusCode()).isEqualTo(200);
      assertThat(gateway.worker().seen()).hasSize(1);
    }
  }

  @Test
  void a_slow_reader_gets_all_of_the_text_in_merged_chunks_and_holds_nobody_up() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().flood(50, 40);
      int tokens = 20_000;
      try (RawConnection slow = new RawConnection(gateway.port(), 4096)) {
        slow.post(
                "/completion",
                "{\"prompt\":\"hi\",\"stream\":true,\"seed\":1,\"n_predict\":" + tokens + "}")
            .readUntil("data: ");
        // Its worker ends while it has read next to nothing: nobody waited for it.
        Await.until("the slot is free", () -> gateway.worker().open() == 0);
        assertThat(gateway.post("/completion", "{\"prompt\":\"x\"}").statusCode()).isEqualTo(200);
        String body = slow.readUntil("\"stop\":true");
        // Contents are words without quotes or escapes, so that HTTP's own chunking cannot hide
        // one.
        List<String> contents =
            CONTENT.matcher(body).results().map(match -> match.group(1)).toList();
        assertThat(contents).hasSizeLessThan(tokens);
        int expected = 40 * TestWorker.text(new Prompt.Text("hi"), 1, tokens).length();
        assertThat(contents.stream().mapToInt(String::length).sum()).isEqualTo(expected);
      }
    }
  }

  @Test
  void a_reader_that_does_not_read_at_all_is_cut_and_its_slot_freed() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.clientTimeout(Duration.ofMillis(500)))) {
      gateway.worker().flood(10, 40);
      gateway.worker().pace(1);
      try (RawConnection stuck = new RawConnection(gateway.port(), 4096)) {
        stuck
            .post("/completion", "{\"prompt\":\"hi\",\"stream\":true,\"n_predict\":1000000}")
            .readUntil("data: ");
        Await.until("it is cut", () -> gateway.metric("bitfleet_client_stuck_total") == 1);
        // It still does not read, and yet its connection goes.
        Await.until("it is closed", () -> gateway.metric("bitfleet_connections") == 0);
        Await.until("the slot is free", () -> gateway.worker().open() == 0);
      }
    }
  }

  @Test
  void a_whole_answer_that_nobody_reads_is_thrown_away() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.clientTimeout(Duration.ofMillis(300)))) {
      gateway.worker().flood(50, 40);
      try (RawConnection stuck = new RawConnection(gateway.port(), 4096)) {
        stuck.post("/completion", "{\"prompt\":\"hi\",\"n_predict\":30000}");
        Await.until("it is cut", () -> gateway.metric("bitfleet_client_stuck_total") == 1);
        Await.until("it is closed", () -> gateway.metric("bitfleet_connections") == 0);
      }
    }
  }

  @Test
  void a_whole_answer_is_sent_for_as_long_as_it_is_read() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.clientTimeout(Duration.ofMillis(300)))) {
      gateway.worker().flood(50, 40);
      try (RawConnection slow = new RawConnection(gateway.port(), 4096)) {
        String head =
            slow.post("/completion", "{\"prompt\":\"hi\",\"n_predict\":30000}")
                .readUntil("\r\n\r\n")
                .toLowerCase(Locale.ROOT);
        Matcher length = Pattern.compile("content-length: (\\d+)").matcher(head);
        assertThat(length.find()).as(head).isTrue();
        int bytes = Integer.parseInt(length.group(1));
        // Two seconds: more than three client timeouts.
        assertThat(slow.readSteadily(bytes, bytes / 100)).isEqualTo(bytes);
      }
      assertThat(gateway.metric("bitfleet_client_stuck_total")).isZero();
    }
  }

  @Test
  void an_idle_stream_gets_comments() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.pingInterval(Duration.ofMillis(100)))) {
      gateway.worker().pause();
      try (RawConnection client = new RawConnection(gateway.port())) {
        assertThat(
                client
                    .post("/v1/completions", "{\"prompt\":\"hi\",\"stream\":true}")
                    .readUntil(": ping\n\n"))
            .startsWith("HTTP/1.1 200");
        gateway.worker().resume();
        client.readUntil("[DONE]");
      }
    }
  }

  @Test
  void a_full_queue_answers_429_at_once() {
    try (Gateway gateway = Gateway.bare(options -> options.queueLimit(1))) {
      gateway.worker("worker-1", 1).pause();
      var running = gateway.postLater("/completion", LONG_STREAM.replace("100000", "3"));
      Await.until("the slot is taken", () -> gateway.worker().open() == 1);
      var queued = gateway.postLater("/completion", "{\"prompt\":\"hi\",\"n_predict\":3}");
      Await.until("one waits", () -> gateway.metric("bitfleet_queue_depth") == 1);
      // The median of several, since this machine may be doing something else at any one moment.
      List<Duration> took = new ArrayList<>();
      HttpResponse<String> rejected = gateway.get("/health");
      for (int i = 0; i < 21; i++) {
        long began = System.nanoTime();
        rejected = gateway.post("/completion", "{\"prompt\":\"hi\",\"n_predict\":3}");
        took.add(Duration.ofNanos(System.nanoTime() - began));
      }
      Collections.sort(took);
      assertThat(rejected.statusCode()).isEqualTo(429);
      assertThat(took.get(took.size() / 2)).isLessThan(OVERLOAD_ANSWER_WINDOW);
      assertThat(rejected.body()).contains("queue_full").contains("rate_limit_error");
      assertThat(rejected.headers().firstValueAsLong("retry-after").orElse(0)).isBetween(1L, 60L);
      gateway.worker().resume();
      assertThat(running.join().statusCode()).isEqualTo(200);
      assertThat(queued.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void who_waits_too_long_is_sent_away_with_503() {
    try (Gateway gateway = Gateway.bare(options -> options.queueTimeout(Duration.ofMillis(300)))) {
      gateway.worker("worker-1", 1).pause();
      var running = gateway.postLater("/completion", "{\"prompt\":\"hi\",\"n_predict\":3}");
      Await.until("the slot is taken", () -> gateway.worker().open() == 1);
      HttpResponse<String> late = gateway.post("/completion", "{\"prompt\":\"hi\"}");
      assertThat(late.statusCode()).isEqualTo(503);
      assertThat(late.body()).contains("queue_timeout");
      gateway.worker().resume();
      assertThat(running.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void the_queue_is_served_in_order() {
    try (Gateway gateway = Gateway.bare(UnaryOperator.identity())) {
      gateway.worker("worker-1", 1).pause();
      var first = gateway.postLater("/completion", "{\"prompt\":\"0\",\"n_predict\":3}");
      Await.until("the slot is taken", () -> gateway.worker().open() == 1);
      var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
      for (int i = 1; i <= 5; i++) {
        answers.add(gateway.postLater("/completion", "{\"prompt\":\"" + i + "\",\"n_predict\":3}"));
        int waiting = i;
        Await.until("it waits", () -> gateway.metric("bitfleet_queue_depth") == waiting);
      }
      gateway.worker().resume();
      answers.forEach(answer -> assertThat(answer.join().statusCode()).isEqualTo(200));
      assertThat(first.join().statusCode()).isEqualTo(200);
      assertThat(gateway.worker().seen().stream().map(request -> request.prompt().toString()))
          .containsExactly(
              "Text[text=0]",
              "Text[text=1]",
              "Text[text=2]",
              "Text[text=3]",
              "Text[text=4]",
              "Text[text=5]");
    }
  }

  @Test
  void more_connections_than_allowed_are_closed() {
    try (Gateway gateway = Gateway.withWorker(options -> options.maxConnections(2))) {
      try (RawConnection a = new RawConnection(gateway.port());
          RawConnection b = new RawConnection(gateway.port())) {
        a.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").readUntil("ok");
        b.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").readUntil("ok");
        try (RawConnection c = new RawConnection(gateway.port())) {
          assertThat(c.timeUntilClosed()).isLessThan(Duration.ofSeconds(2));
        }
      }
    }
  }

  @Test
  void bodies_in_flight_have_a_budget() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.maxBodyBytes(1 << 20).bodyBudgetBytes(1 << 20))) {
      gateway.worker().pause();
      String large = "{\"prompt\":\"" + "x".repeat(700_000) + "\",\"n_predict\":1}";
      var first = gateway.postLater("/completion", large);
      Await.until("it is with the worker", () -> gateway.worker().open() == 1);
      HttpResponse<String> second = gateway.post("/completion", large);
      assertThat(second.statusCode()).isEqualTo(503);
      assertThat(second.body()).contains("overloaded");
      gateway.worker().resume();
      assertThat(first.join().statusCode()).isEqualTo(200);
      assertThat(gateway.post("/completion", large).statusCode()).isEqualTo(200);
    }
  }
}

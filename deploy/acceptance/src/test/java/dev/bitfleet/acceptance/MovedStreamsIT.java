package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Engines that die under streams, with another worker beside them: every event a client reads is
 * what it would have read anyway.
 *
 * <p>{@code -Dmoved.trials=N} breaks N streams of each kind in each way instead of one.
 */
@Tag("alone")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MovedStreamsIT {
  private static final int TRIALS = Integer.getInteger("moved.trials", 1);
  private static final long SEED = Long.getLong("moved.seed", System.nanoTime());
  private static final int TOKENS = 60;
  private static final String COMPLETIONS = "/v1/completions";
  private static final String GRAMMAR =
      "root ::= \"[\" item (\",\" item)* \"]\"\nitem ::= [a-zé世]+ | [0-9]+";

  @RegisterExtension
  static final Served served =
      Served.after(
          SlowModel::in,
          "slow.gguf",
          "--workers",
          "2",
          "--threads",
          "1",
          "--slots",
          "2",
          "--ctx-size",
          "512");

  private static final Random random = new Random(SEED);
  private static int prompts;

  /** What is asked for. */
  enum Kind {
    GREEDY,
    SAMPLED,
    GRAMMAR,
    LOGPROBS,
    STOP_STRING;

    String path() {
      return this == GRAMMAR ? "/completion" : COMPLETIONS;
    }

    /** Each time another prompt, so that no trial finds what an earlier one left. */
    ObjectNode request() {
      ObjectNode body =
          JsonMapper.shared()
              .createObjectNode()
              .put("model", "slow")
              .put("prompt", "Tale %d of %d".formatted(++prompts, SEED))
              .put("max_tokens", TOKENS)
              .put("temperature", 0)
              .put("seed", random.nextInt(1 << 30))
              .put("ignore_eos", true);
      body.putObject("stream_options").put("include_usage", true);
      switch (this) {
        case GREEDY -> {}
        case SAMPLED -> body.put("temperature", 1.1).put("top_p", 0.95);
        case LOGPROBS -> body.put("temperature", 0.8).put("logprobs", 3).put("echo", true);
        case STOP_STRING -> body.put("temperature", 1);
        case GRAMMAR -> {
          body.put("temperature", 1).put("grammar", MovedStreamsIT.GRAMMAR);
          body.remove("ignore_eos");
        }
      }
      return body;
    }
  }

  /** What happens to its engine. */
  enum Fault {
    KILL("KILL"),
    /** Lives, and does nothing any more. */
    STOP("STOP");

    final String signal;

    Fault(String signal) {
      this.signal = signal;
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  @Order(1)
  void a_stream_whose_engine_is_killed_is_read_to_its_end_as_if_nothing_had_been(Kind kind)
      throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      breakOne(kind, Fault.KILL);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"SAMPLED", "GRAMMAR"})
  @Order(2)
  void so_is_one_whose_engine_stands_still(Kind kind) throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      Duration gap = breakOne(kind, Fault.STOP);
      System.out.printf("stopped engine: the next token came after %d ms%n", gap.toMillis());
      assertThat(gap).isLessThan(Duration.ofSeconds(4));
    }
  }

  @Test
  @Order(3)
  void a_request_is_served_whose_engine_dies_before_the_first_token() throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      settleAndServe();
      List<Long> engines = engines();
      engines.forEach(pid -> signal("STOP", pid));
      CompletableFuture<HttpResponse<String>> answer = ask(Kind.GREEDY.request());
      Await.until("it is in flight", Duration.ofSeconds(5), () -> busyEngine() != 0);
      long engine = busyEngine();
      signal("KILL", engine);
      // One that was found to stand still meanwhile is gone.
      engines.stream()
          .filter(pid -> pid != engine && ProcessHandle.of(pid).isPresent())
          .forEach(pid -> signal("CONT", pid));
      assertThat(answer.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  @Order(4)
  void a_request_is_served_that_comes_while_all_engines_load() throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      settleAndServe();
      engines().forEach(pid -> signal("KILL", pid));
      assertThat(ask(Kind.GREEDY.request()).get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  @Order(5)
  void all_streams_of_a_dead_engine_go_on() throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      settle();
      List<ObjectNode> requests = new ArrayList<>();
      List<List<String>> unharmed = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        requests.add(Kind.SAMPLED.request());
        unharmed.add(read(Kind.SAMPLED, requests.getLast()));
      }
      List<CompletableFuture<List<String>>> answers = new ArrayList<>();
      for (ObjectNode request : requests) {
        answers.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return read(Kind.SAMPLED, request);
                  } catch (Exception e) {
                    throw new IllegalStateException(e);
                  }
                }));
      }
      Await.until(
          "every slot is taken",
          Duration.ofSeconds(10),
          () ->
              served.bitfleet().workers().stream()
                  .allMatch(worker -> worker.get("in_flight").asInt() == 2));
      signal("KILL", busyEngine());
      for (int i = 0; i < 4; i++) {
        assertThat(answers.get(i).get(60, TimeUnit.SECONDS))
            .as("moved.seed=%d", SEED)
            .isEqualTo(unharmed.get(i));
      }
    }
  }

  @Test
  @Order(6)
  void a_prompt_that_always_kills_is_refused_before_it_has_gone_round() throws Exception {
    for (int trial = 0; trial < TRIALS; trial++) {
      settleAndServe();
      int restarts = restarts();
      Set<Long> killed = new HashSet<>();
      ObjectNode poison = Kind.GREEDY.request();
      // Long enough that the next engine can be killed while it still reads.
      var prompt = poison.putArray("prompt");
      for (int i = 0; i < 400; i++) {
        prompt.add(300 + random.nextInt(1500));
      }
      try (Chat.Stream stream = served.chat().stream(COMPLETIONS, poison)) {
        stream.firstText();
        CompletableFuture<List<String>> reading = CompletableFuture.supplyAsync(stream::rest);
        while (!reading.isDone()) {
          Optional<ProcessHandle> engine = ProcessHandle.of(busyEngine());
          if (engine.isPresent() && killed.add(engine.get().pid())) {
            engine.get().destroyForcibly();
          }
        }
        List<String> rest = reading.get();
        assertThat(rest).doesNotContain("[DONE]");
        assertThat(rest.getLast()).contains("\"error\"");
      }
      // Two; one more each for an engine that had not yet said that it has it, or was killed here
      // while it loaded.
      assertThat(killed).hasSizeBetween(2, 4);
      settle();
      HttpResponse<String> again = ask(poison).get(30, TimeUnit.SECONDS);
      assertThat(again.statusCode()).as(again.body()).isEqualTo(400);
      assertThat(again.body()).contains("prompt_quarantined");
      assertThat(restarts()).isEqualTo(restarts + killed.size());
    }
  }

  private static int restarts() {
    return served.bitfleet().workers().stream()
        .mapToInt(worker -> worker.get("engine_restarts").asInt())
        .sum();
  }

  /** How long the client waited for the event after the fault. */
  private static Duration breakOne(Kind kind, Fault fault) throws Exception {
    settle();
    ObjectNode request = kind.request();
    List<String> unharmed = read(kind, request);
    if (kind == Kind.STOP_STRING) {
      // What the text comes to late in its course, so that its beginnings are met on the way.
      String text = text(unharmed);
      int at = text.offsetByCodePoints(0, text.codePointCount(0, text.length()) * 3 / 4);
      request.put("stop", text.substring(at, text.offsetByCodePoints(at, 3)));
      unharmed = read(kind, request);
      assertThat(text(unharmed).length()).isLessThan(text.length());
    }
    // Behind the first, and far enough from the end that the engine is still at it when the client
    // has read so far.
    int last = unharmed.size() / 2;
    assertThat(last).as("events of %s", unharmed).isPositive();
    for (int tries = 1; ; tries++) {
      int cut = 1 + random.nextInt(last);
      Broken broken = breakAfter(cut, kind, request, fault);
      assertThat(broken.events())
          .as("%s, %s after %d events, moved.seed=%d", kind, fault, cut, SEED)
          .isEqualTo(unharmed);
      if (broken.hit()) {
        return broken.gap();
      }
      assertThat(tries).as("streams that had ended when they were to be broken").isLessThan(5);
    }
  }

  /**
   * A stream read to its end.
   *
   * @param hit whether its engine was still at it when the fault came
   * @param gap the longest wait for an event behind the fault
   */
  private record Broken(List<String> events, boolean hit, Duration gap) {}

  private static Broken breakAfter(int cut, Kind kind, ObjectNode request, Fault fault)
      throws Exception {
    List<String> events = new ArrayList<>();
    try (Chat.Stream stream = served.chat().stream(kind.path(), request)) {
      assertThat(stream.status()).isEqualTo(200);
      while (events.size() < cut) {
        String event = stream.next();
        if (event == null) {
          throw new AssertionError("it ended after " + events);
        }
        events.add(comparable(event));
      }
      long engine = busyEngine();
      boolean hit = engine != 0;
      if (hit) {
        signal(fault.signal, engine);
      }
      // What was under way when it broke comes at once; the longest wait is the one that counts.
      Duration gap = Duration.ZERO;
      long before = System.nanoTime();
      for (String event = stream.next(); event != null; event = stream.next()) {
        Duration waited = Duration.ofNanos(System.nanoTime() - before);
        gap = waited.compareTo(gap) > 0 ? waited : gap;
        before = System.nanoTime();
        events.add(comparable(event));
      }
      return new Broken(events, hit, gap);
    }
  }

  private static List<String> read(Kind kind, ObjectNode request) throws Exception {
    try (Chat.Stream stream = served.chat().stream(kind.path(), request)) {
      assertThat(stream.status()).isEqualTo(200);
      List<String> events = stream.rest().stream().map(MovedStreamsIT::comparable).toList();
      assertThat(events.getLast()).matches("\\[DONE]|.*\"stop\":true.*");
      return events;
    }
  }

  /** An event without what differs between any two answers: id, time, what a cache held. */
  private static String comparable(String data) {
    if (data.equals("[DONE]")) {
      return data;
    }
    JsonNode event = JsonMapper.shared().readTree(data);
    assertThat(event.has("error")).as(data).isFalse();
    ObjectNode plain = (ObjectNode) event;
    plain.remove(List.of("id", "created", "timings", "tokens_cached"));
    if (plain.get("usage") instanceof ObjectNode usage) {
      usage.remove(List.of("cached_tokens", "prompt_tokens_details"));
    }
    return plain.toString();
  }

  private static String text(List<String> events) {
    StringBuilder text = new StringBuilder();
    for (String event : events) {
      if (!event.equals("[DONE]")) {
        text.append(Chat.text(JsonMapper.shared().readTree(event)));
      }
    }
    return text.toString();
  }

  private static CompletableFuture<HttpResponse<String>> ask(ObjectNode request) {
    request.remove("stream_options");
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return served.chat().post(COMPLETIONS, request.toString());
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /**
   * Has each engine serve somebody, so that its death is not taken for one of a row: after some of
   * these an engine is started at long intervals only.
   */
  private static void settleAndServe() throws Exception {
    settle();
    List<CompletableFuture<HttpResponse<String>>> answers =
        List.of(ask(Kind.GREEDY.request()), ask(Kind.GREEDY.request()));
    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      assertThat(answer.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    settle();
  }

  private static void settle() {
    Await.until(
        // One that died again and again is tried again after half a minute.
        "both engines are ready and idle",
        Duration.ofSeconds(60),
        () ->
            served.bitfleet().workers().stream()
                .allMatch(
                    worker ->
                        worker.get("state").asString().equals("ready")
                            && worker.get("engine_pid").asLong() > 0
                            && worker.get("in_flight").asInt() == 0));
  }

  private static List<Long> engines() {
    return served.bitfleet().workers().stream()
        .map(worker -> worker.get("engine_pid").asLong())
        .filter(pid -> pid > 0)
        .toList();
  }

  /** The engine of the worker that has a stream; 0 while none has. */
  private static long busyEngine() {
    return served.bitfleet().workers().stream()
        // One that loads has been asked, and will say that it is not ready.
        .filter(worker -> worker.get("state").asString().equals("ready"))
        .filter(worker -> worker.get("in_flight").asInt() > 0)
        .mapToLong(worker -> worker.get("engine_pid").asLong())
        .filter(pid -> pid > 0)
        .findFirst()
        .orElse(0);
  }

  private static void signal(String name, long pid) {
    // 0 would be this very process, and all of its kin.
    assertThat(pid).as("the engine to be sent %s", name).isPositive();
    try {
      Exit kill =
          Exit.of(
              served.folder(),
              java.util.Map.of(),
              Duration.ofSeconds(5),
              List.of("kill", "-" + name, String.valueOf(pid)));
      assertThat(kill.status()).as(kill.err()).isZero();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}

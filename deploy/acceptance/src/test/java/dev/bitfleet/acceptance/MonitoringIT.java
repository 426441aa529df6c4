package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Rules, dashboard, probes and documentation against a server that has seen what the metrics are
 * there for: answers, refusals, a dead engine, something kept.
 */
class MonitoringIT {
  private static final Path REPOSITORY = Installation.repository();
  private static final String OF_PROMETHEUS = "up";

  @TempDir static Path folder;
  private static BitfleetProcess bitfleet;
  private static List<Expression.Sample> samples;

  @BeforeAll
  static void a_server_with_a_past() throws Exception {
    Path model = SlowModel.in(folder);
    bitfleet =
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
            "16384");
    var chat = new Chat(bitfleet);
    assertThat(chat.post("/v1/conversations", "{}").statusCode()).isEqualTo(200);
    try (Chat.Stream running = chat.stream("/completion", Chat.endless(16_000))) {
      running.firstText();
      var others = new ArrayList<CompletableFuture<Integer>>();
      for (int i = 0; i < 3; i++) {
        others.add(ask(chat));
      }
      var statuses = new TreeSet<Integer>();
      for (CompletableFuture<Integer> other : others) {
        statuses.add(other.get(30, TimeUnit.SECONDS));
      }
      assertThat(statuses).containsExactly(429, 503);
      ProcessHandle.of(bitfleet.enginePid()).orElseThrow().destroyForcibly();
      Await.until(
          "the death was counted",
          Duration.ofSeconds(10),
          () -> sample("bitfleet_engine_restarts_total") >= 1);
    }
    // One that ends well counts what only such ones do; it may have to wait for the next engine.
    Await.until("an answer", Duration.ofSeconds(20), () -> ask(chat).join() == 200);
    samples = Expression.Sample.of(bitfleet.metrics());
  }

  @AfterAll
  static void end() {
    bitfleet.close();
  }

  private static CompletableFuture<Integer> ask(Chat chat) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return chat.post("/completion", Chat.endless(2).toString()).statusCode();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static double sample(String name) {
    try {
      return bitfleet
          .metrics()
          .lines()
          .filter(line -> line.startsWith(name + " "))
          .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
          .sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void every_metric_and_label_of_the_rules_exists() throws Exception {
    Map<String, String> rules = rules();

    assertThat(rules).hasSizeGreaterThan(15);
    rules.forEach((name, expression) -> check(name, expression, recorded(rules)));
  }

  @Test
  void every_metric_and_label_of_the_dashboard_exists() throws Exception {
    var panels = new ArrayList<String>();
    for (JsonNode panel :
        JsonMapper.shared()
            .readTree(Files.readString(REPOSITORY.resolve("deploy/prometheus/dashboard.json")))
            .get("panels")) {
      for (JsonNode target : panel.path("targets")) {
        panels.add(target.get("expr").asString());
        check(panel.get("title").asString(), target.get("expr").asString(), recorded(rules()));
      }
    }
    assertThat(panels).hasSizeGreaterThan(30);
  }

  @Test
  void an_expression_with_a_wrong_name_label_or_value_is_found() {
    for (String wrong :
        List.of(
            "rate(bitflet_rejections_total[5m]) > 0",
            "bitfleet_slots{state=\"taken\"}",
            "sum by (model) (bitfleet_slots)")) {
      assertThat(complaint(wrong, Set.of())).as(wrong).isNotEmpty();
    }
  }

  @Test
  void every_metric_of_ours_is_documented() throws Exception {
    String documented = Files.readString(REPOSITORY.resolve("docs/OPERATING.md"));
    Set<String> names =
        samples.stream()
            .map(Expression.Sample::metric)
            .filter(name -> name.startsWith("bitfleet_"))
            .map(name -> name.replaceAll("_(bucket|sum|count|max)$", ""))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(names).hasSizeGreaterThan(20);
    assertThat(names).allMatch(name -> documented.contains("`" + name + "`"));
  }

  @Test
  void the_paths_that_probes_ask_are_answered() throws Exception {
    var asked = new ArrayList<String>();
    Pattern.compile("httpGet: \\{path: (\\S+), port: (api|management)}")
        .matcher(Files.readString(REPOSITORY.resolve("deploy/kubernetes/nodes.yaml")))
        .results()
        .forEach(
            probe -> {
              URI side = probe.group(2).equals("api") ? bitfleet.api() : bitfleet.management();
              asked.add(side.resolve(probe.group(1)).toString());
            });

    assertThat(asked).hasSize(3);
    for (String each : asked) {
      assertThat(new Chat(bitfleet).get(each).statusCode()).as(each).isEqualTo(200);
    }
  }

  private static void check(String name, String expression, Set<String> recorded) {
    assertThat(complaint(expression, recorded)).as(name + ": " + expression).isEmpty();
  }

  /** What an expression asks for that is not there; empty when all is. */
  private static String complaint(String text, Set<String> recorded) {
    Expression expression = Expression.of(text);
    if (expression.selectors().isEmpty()) {
      return "it asks for nothing";
    }
    for (Expression.Selector selector : expression.selectors()) {
      if (!selector.metric().equals(OF_PROMETHEUS)
          && !recorded.contains(selector.metric())
          && samples.stream().noneMatch(selector::chooses)) {
        return "nothing is " + selector;
      }
    }
    for (String label : expression.grouping()) {
      if (samples.stream()
          .noneMatch(
              each ->
                  each.labels().containsKey(label)
                      && expression.selectors().stream().anyMatch(one -> one.chooses(each)))) {
        return "nothing has " + label;
      }
    }
    return "";
  }

  private static Set<String> recorded(Map<String, String> rules) {
    return rules.keySet().stream().filter(name -> name.contains(":")).collect(Collectors.toSet());
  }

  /** Expressions of the rules by their names. */
  private static Map<String, String> rules() throws IOException {
    var rules = new java.util.LinkedHashMap<String, String>();
    String text = Files.readString(REPOSITORY.resolve("deploy/prometheus/rules.yaml"));
    // A rule's name, and its expression in the same line or as the block below it.
    Pattern.compile(
            "(?m)^ +- (?:record|alert): (\\S+)\\n(?: +#.*\\n)* +expr: (?:\\|\\n((?: {10}.*\\n)+)|(.+)\\n)")
        .matcher(text)
        .results()
        .forEach(
            rule ->
                rules.put(rule.group(1), rule.group(2) == null ? rule.group(3) : rule.group(2)));
    assertThat(rules.size()).isEqualTo(text.split("(?m)^ +expr:", -1).length - 1);
    return rules;
  }
}

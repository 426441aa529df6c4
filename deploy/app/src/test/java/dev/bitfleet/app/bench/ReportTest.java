package dev.bitfleet.app.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportTest {
  private static final BenchPlan PLAN =
      new BenchPlan(
          Path.of("model.gguf"), List.of(1, 2), List.of(8, 1), 512, 64, 3, true, Path.of("."));

  @Test
  void a_figure_is_the_median_of_its_rounds() {
    var figures = new Figures();
    figures.add(Figure.DECODE, 30);
    figures.add(Figure.DECODE, 10);
    figures.add(Figure.DECODE, 20);
    figures.add(Figure.TTFT, 1);
    figures.add(Figure.TTFT, 2);

    assertThat(figures.median(Figure.DECODE)).hasValue(20);
    assertThat(figures.median(Figure.TTFT)).hasValue(1.5);
    assertThat(figures.median(Figure.LOAD)).isEmpty();
  }

  @Test
  void the_object_has_what_is_asked_of_it_by_name() {
    JsonNode report = json(Optional.empty());

    assertThat(report.path("prefill_tok_s").asDouble()).isEqualTo(800);
    assertThat(report.path("decode_tok_s").asDouble()).isEqualTo(40);
    assertThat(report.at("/streams/8").asDouble()).isEqualTo(200);
    assertThat(report.path("ttft_s").asDouble()).isEqualTo(0.5);
    assertThat(report.path("rss_mb").asDouble()).isEqualTo(900);
    assertThat(report.has("limit")).isFalse();
  }

  @Test
  void a_ratio_above_one_is_always_to_our_favour() {
    JsonNode ratio = json(Optional.empty()).at("/peers/other/ratio");

    assertThat(ratio.path("decode_tok_s").asDouble()).as("more is better").isEqualTo(4);
    assertThat(ratio.path("ttft_s").asDouble()).as("less is better").isEqualTo(8);
    assertThat(ratio.has("rss_mb")).as("never measured of the other").isFalse();
  }

  @Test
  void the_share_of_the_limit_is_of_the_least_bytes_and_operations_a_token_needs() {
    var limit = new EngineProgram.Limits(2, 30e9, 1.6e12, "AVX-512 VNNI");

    JsonNode told = json(Optional.of(limit)).path("limit");

    // 2e9 weights at 0.2 bytes and 3e8 at one are 0.7 GB a token; 2e9 weights are 4e9 operations.
    assertThat(told.path("decode_tok_s").asDouble()).isCloseTo(30 / 0.7, within(1e-3));
    assertThat(told.path("decode_share").asDouble()).isCloseTo(40 * 0.7 / 30, within(1e-4));
    assertThat(told.path("prefill_tok_s").asDouble()).isCloseTo(400, within(1e-3));
    assertThat(told.path("prefill_share").asDouble()).isCloseTo(2, within(1e-4));
    assertThat(told.path("bandwidth_gb_s").asDouble()).isEqualTo(30);
  }

  @Test
  void the_table_has_a_line_for_each_figure_and_says_what_was_not_measured() {
    List<String> table = report(Optional.empty()).table();

    assertThat(table)
        .anyMatch(
            line -> line.matches("decode, 1 stream +40.0 tok/s +10.0 tok/s \\(ours: 4.00 ×\\)"));
    assertThat(table).anyMatch(line -> line.matches("resident, all processes +900 MB +–"));
    assertThat(table).anyMatch(line -> line.startsWith("other broke off 2 times"));
    assertThat(json(Optional.empty()).at("/peers/other/broke_off").asInt()).isEqualTo(2);
  }

  @Test
  void room_is_asked_for_what_the_longest_of_the_requests_takes() {
    assertThat(PLAN.slots()).isEqualTo(8);
    assertThat(PLAN.context()).isEqualTo(1024);
    assertThat(
            new BenchPlan(Path.of("m"), List.of(1), List.of(1), 4000, 64, 1, false, Path.of("."))
                .context())
        .isGreaterThanOrEqualTo(4000 + BenchPlan.SECOND_TURN);
  }

  private static JsonNode json(Optional<EngineProgram.Limits> limit) {
    return JsonMapper.shared().readTree(report(limit).json());
  }

  private static Report report(Optional<EngineProgram.Limits> limit) {
    var ours = new Figures();
    ours.add(Figure.PREFILL, 800);
    ours.add(Figure.DECODE, 40);
    ours.add(Figure.TTFT, 0.5);
    ours.add(Figure.RESIDENT, 900);
    ours.add(Figure.streams(8), 200);
    var other = new Figures();
    other.add(Figure.DECODE, 10);
    other.add(Figure.TTFT, 4);
    Map<String, Figures> all = new LinkedHashMap<>();
    all.put("bitfleet", ours);
    all.put("other", other);
    return new Report(
        new Results(PLAN, all, Map.of("other", 2)),
        "a machine",
        "1.0",
        "a-model",
        Optional.of(new WeightCount(2_000_000_000, 300_000_000)),
        limit,
        Instant.EPOCH);
  }
}

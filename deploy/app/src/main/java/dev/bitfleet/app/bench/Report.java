package dev.bitfleet.app.bench;

import dev.bitfleet.app.text.Columns;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Results as a table for people and as JSON for programs.
 *
 * @param machine processor, cores and memory, in words
 * @param version of this Bitfleet
 * @param modelName what was served
 * @param weights of the model; empty when the file does not tell
 * @param limit of the machine, with the last number of threads; empty when not asked for
 */
public record Report(
    Results results,
    String machine,
    String version,
    String modelName,
    Optional<WeightCount> weights,
    Optional<EngineProgram.Limits> limit,
    Instant measured) {

  /**
   * One object. Ours lies at the top, each peer's in {@code peers}, beside its {@code ratio} of
   * ours to it.
   */
  public String json() {
    ObjectNode root = JsonMapper.shared().createObjectNode();
    root.put("measured", measured.toString());
    root.put("machine", machine);
    root.put("version", version);
    root.put("model", modelName);
    root.put("prompt", results.plan().prompt());
    root.put("generate", results.plan().generate());
    root.put("rounds", results.plan().rounds());
    root.put("engine_threads", results.plan().threads().getLast());
    Map<String, Figures> all = results.figures();
    Figures ours = all.values().iterator().next();
    write(ours, root);
    limit.ifPresent(found -> writeLimit(found, ours, root.putObject("limit")));
    ObjectNode peers = root.putObject("peers");
    all.forEach(
        (name, figures) -> {
          if (figures != ours) {
            ObjectNode peer = peers.putObject(name);
            write(figures, peer);
            writeRatios(ours, figures, peer.putObject("ratio"));
            peer.put("broke_off", results.brokeOff().getOrDefault(name, 0));
          }
        });
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }

  private static void write(Figures figures, ObjectNode into) {
    for (Figure figure : figures.measured()) {
      figures.median(figure).ifPresent(value -> put(into, figure.key(), value));
    }
  }

  private static void writeRatios(Figures ours, Figures theirs, ObjectNode into) {
    for (Figure figure : ours.measured()) {
      ratio(figure, ours, theirs).ifPresent(value -> put(into, figure.key(), value));
    }
  }

  private static void put(ObjectNode into, String key, double value) {
    String[] path = key.split("\\.", -1);
    ObjectNode node = into;
    for (int i = 0; i < path.length - 1; i++) {
      node = node.get(path[i]) instanceof ObjectNode inner ? inner : node.putObject(path[i]);
    }
    node.put(path[path.length - 1], Math.round(value * 1e4) / 1e4);
  }

  private void writeLimit(EngineProgram.Limits found, Figures ours, ObjectNode into) {
    into.put("threads", found.threads());
    into.put("bandwidth_gb_s", Math.round(found.readBytesPerSecond() / 1e7) / 1e2);
    into.put("int8_tops", Math.round(found.int8OpsPerSecond() / 1e10) / 1e2);
    into.put("int8_unit", found.unit());
    shares(found, ours).forEach((name, value) -> into.put(name, Math.round(value * 1e4) / 1e4));
  }

  /**
   * How near decoding comes to reading every weight once for a token at the memory's speed (1.6
   * bits a ternary weight; the head as 8-bit numbers), and prefill to two operations for each
   * weight at the processor's.
   */
  private Map<String, Double> shares(EngineProgram.Limits found, Figures ours) {
    var shares = new LinkedHashMap<String, Double>();
    if (weights.isEmpty()) {
      return shares;
    }
    WeightCount count = weights.get();
    OptionalDouble decode = ours.median(Figure.DECODE);
    if (decode.isPresent()) {
      double most = found.readBytesPerSecond() / count.leastBytesPerToken();
      shares.put("decode_tok_s", most);
      shares.put("decode_share", decode.getAsDouble() / most);
    }
    OptionalDouble prefill = ours.median(Figure.PREFILL);
    if (prefill.isPresent()) {
      double most = found.int8OpsPerSecond() / (2.0 * count.ternary());
      shares.put("prefill_tok_s", most);
      shares.put("prefill_share", prefill.getAsDouble() / most);
    }
    return shares;
  }

  /** Ours to theirs, so that more than 1 is always better for us. */
  private static OptionalDouble ratio(Figure figure, Figures ours, Figures theirs) {
    OptionalDouble us = ours.median(figure);
    OptionalDouble them = theirs.median(figure);
    if (us.isEmpty() || them.isEmpty()) {
      return OptionalDouble.empty();
    }
    double above = figure.better() == Figure.Better.MORE ? us.getAsDouble() : them.getAsDouble();
    double below = figure.better() == Figure.Better.MORE ? them.getAsDouble() : us.getAsDouble();
    return below <= 0 ? OptionalDouble.empty() : OptionalDouble.of(above / below);
  }

  /** Lines of a table: a figure each; behind a peer's, how many times better ours is. */
  public List<String> table() {
    Map<String, Figures> all = results.figures();
    Figures ours = all.values().iterator().next();
    Set<Figure> figures = new LinkedHashSet<>();
    all.values().forEach(each -> figures.addAll(each.measured()));
    var rows = new ArrayList<List<String>>();
    var head = new ArrayList<String>(List.of(""));
    head.addAll(all.keySet());
    rows.add(head);
    for (Figure figure : figures) {
      var row = new ArrayList<String>(List.of(figure.title()));
      for (Figures each : all.values()) {
        OptionalDouble value = each.median(figure);
        String text = value.isPresent() ? figure.text(value.getAsDouble()) : "–";
        OptionalDouble ratio = each == ours ? OptionalDouble.empty() : ratio(figure, ours, each);
        row.add(
            ratio.isPresent()
                ? text + String.format(Locale.ROOT, " (ours: %.2f ×)", ratio.getAsDouble())
                : text);
      }
      rows.add(row);
    }
    var lines = new ArrayList<String>();
    lines.add("%s, Bitfleet %s, %s".formatted(modelName, version, machine));
    lines.add(
        "%d engine threads, prompt of %d tokens, %d tokens generated, median of %d rounds"
            .formatted(
                results.plan().threads().getLast(),
                results.plan().prompt(),
                results.plan().generate(),
                results.plan().rounds()));
    lines.add("");
    lines.addAll(Columns.ofFigures(rows));
    results
        .brokeOff()
        .forEach(
            (name, times) ->
                lines.add(
                    "%s broke off %d times; its figures are of what it had shown before"
                        .formatted(name, times)));
    limit.ifPresent(
        found -> {
          lines.add("");
          lines.addAll(limitLines(found, ours));
        });
    return lines;
  }

  private List<String> limitLines(EngineProgram.Limits found, Figures ours) {
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "This machine, %d threads: %.1f GB/s from memory, %.2f TOPS of int8 (%s)",
            found.threads(),
            found.readBytesPerSecond() / 1e9,
            found.int8OpsPerSecond() / 1e12,
            found.unit()));
    Map<String, Double> shares = shares(found, ours);
    for (String phase : List.of("decode", "prefill")) {
      Double most = shares.get(phase + "_tok_s");
      Double share = shares.get(phase + "_share");
      if (most != null && share != null) {
        lines.add(
            String.format(
                Locale.ROOT,
                "  %-8s at most %.1f tok/s; reached %.0f %%",
                phase,
                most,
                share * 100));
      }
    }
    return lines;
  }
}

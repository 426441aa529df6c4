package dev.bitfleet.app.doctor;

import dev.bitfleet.app.BuildVersion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** All findings, for people or for programs. */
public record Report(BuildVersion version, List<Finding> findings) {
  public Report {
    findings = List.copyOf(findings);
  }

  /** Whether {@code serve} can work. */
  public boolean serves() {
    return findings.stream().noneMatch(finding -> finding.level() == Finding.Level.BLOCKS);
  }

  /** Lines for a terminal. */
  public List<String> text() {
    var lines = new ArrayList<String>();
    lines.add("bitfleet " + version);
    lines.add("");
    for (Finding finding : findings) {
      lines.add(
          "%-6s %-12s %s".formatted(mark(finding.level()), finding.area(), finding.summary()));
      finding.remedy().ifPresent(remedy -> lines.add(" ".repeat(20) + "→ " + remedy));
    }
    lines.add("");
    long blocking = count(Finding.Level.BLOCKS);
    long warnings = count(Finding.Level.WARN);
    lines.add(
        blocking > 0
            ? blocking
                + " thing"
                + (blocking == 1 ? " keeps" : "s keep")
                + " Bitfleet from serving."
            : "Ready to serve"
                + (warnings == 0
                    ? "."
                    : "; "
                        + warnings
                        + " thing"
                        + (warnings == 1 ? "" : "s")
                        + " could be better."));
    return lines;
  }

  /** One JSON object. */
  public String json() {
    var root = new LinkedHashMap<String, Object>();
    root.put("version", version.version());
    root.put("commit", version.commit());
    root.put("serves", serves());
    root.put(
        "findings",
        findings.stream()
            .map(
                finding -> {
                  var entry = new LinkedHashMap<String, Object>();
                  entry.put("area", finding.area());
                  entry.put("level", finding.level().name().toLowerCase(Locale.ROOT));
                  entry.put("summary", finding.summary());
                  finding.remedy().ifPresent(remedy -> entry.put("remedy", remedy));
                  entry.put("facts", finding.facts());
                  return entry;
                })
            .toList());
    return JsonMapper.builder()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .build()
        .writeValueAsString(root);
  }

  private long count(Finding.Level level) {
    return findings.stream().filter(finding -> finding.level() == level).count();
  }

  private static String mark(Finding.Level level) {
    return switch (level) {
      case OK -> "ok";
      case NOTE -> "note";
      case WARN -> "WARN";
      case BLOCKS -> "BLOCKS";
    };
  }
}

package dev.bitfleet.acceptance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * As much of PromQL as tells which metrics and labels an expression needs.
 *
 * @param selectors metrics with the labels they are chosen by
 * @param grouping labels that {@code by} names
 */
record Expression(List<Selector> selectors, List<String> grouping) {
  /** What Prometheus puts on every sample itself, and what buckets have. */
  private static final Set<String> ALWAYS_THERE = Set.of("instance", "job", "le");

  private static final Set<String> OPERATORS = Set.of("and", "or", "unless");
  private static final Pattern BY = Pattern.compile("\\bby\\s*\\(([^)]*)\\)");
  private static final Pattern NAME =
      Pattern.compile("(?<![\\w:.])([a-zA-Z_:][\\w:]*)(?:\\{([^}]*)})?(\\s*\\()?");
  private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|=)\\s*\"([^\"]*)\"");

  /**
   * A metric and what its labels have to be.
   *
   * @param labels by name, as regular expressions
   */
  record Selector(String metric, Map<String, String> labels) {
    boolean chooses(Sample sample) {
      return sample.metric().equals(metric)
          && labels.entrySet().stream()
              .allMatch(
                  label ->
                      sample.labels().getOrDefault(label.getKey(), "").matches(label.getValue()));
    }
  }

  /** One line of a metrics page. */
  record Sample(String metric, Map<String, String> labels) {
    /** All of a page. */
    static List<Sample> of(String page) {
      return page.lines()
          .filter(line -> !line.startsWith("#") && !line.isBlank())
          .map(Sample::ofLine)
          .toList();
    }

    private static Sample ofLine(String line) {
      Matcher name = NAME.matcher(line);
      if (!name.lookingAt()) {
        throw new AssertionError("not a sample: " + line);
      }
      return new Sample(name.group(1), byBraces(name.group(2), UnaryOperator.identity()));
    }
  }

  static Expression of(String text) {
    String plain = text.replaceAll("\\[[^]]*]", "");
    List<String> grouping =
        BY.matcher(plain)
            .results()
            .flatMap(by -> Stream.of(by.group(1).split(",", -1)))
            .map(String::strip)
            .filter(label -> !ALWAYS_THERE.contains(label))
            .toList();
    var selectors = new ArrayList<Selector>();
    for (MatchResult found : NAME.matcher(BY.matcher(plain).replaceAll(" ")).results().toList()) {
      // What is followed by a parenthesis is a function.
      if (found.group(3) == null && !OPERATORS.contains(found.group(1))) {
        selectors.add(new Selector(found.group(1), byBraces(found.group(2), Pattern::quote)));
      }
    }
    return new Expression(selectors, grouping);
  }

  private static Map<String, String> byBraces(
      @org.jspecify.annotations.Nullable String inBraces, UnaryOperator<String> equal) {
    var labels = new HashMap<String, String>();
    if (inBraces != null) {
      for (MatchResult label : MATCHER.matcher(inBraces).results().toList()) {
        String value = label.group(3);
        if (!ALWAYS_THERE.contains(label.group(1))) {
          labels.put(label.group(1), label.group(2).equals("=") ? equal.apply(value) : value);
        }
      }
    }
    return labels;
  }
}

package dev.bitfleet.app.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** What has been measured of one contestant: every value of every figure. */
final class Figures {
  private final Map<Figure, List<Double>> values = new LinkedHashMap<>();

  void add(Figure figure, double value) {
    values.computeIfAbsent(figure, ignored -> new ArrayList<>()).add(value);
  }

  /** In the order in which they were first measured. */
  List<Figure> measured() {
    return List.copyOf(values.keySet());
  }

  /** Empty when it was never measured. */
  OptionalDouble median(Figure figure) {
    List<Double> sorted = new ArrayList<>(values.getOrDefault(figure, List.of()));
    if (sorted.isEmpty()) {
      return OptionalDouble.empty();
    }
    Collections.sort(sorted);
    int middle = sorted.size() / 2;
    return OptionalDouble.of(
        sorted.size() % 2 == 1
            ? sorted.get(middle)
            : (sorted.get(middle - 1) + sorted.get(middle)) / 2);
  }
}

package dev.bitfleet.app.fleet;

import dev.bitfleet.app.text.Columns;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** The nodes and workers of a fleet as lines of text. */
public final class FleetPage {
  private FleetPage() {}

  /**
   * The lines.
   *
   * @param fleet as {@link FleetQuestion} gives it
   */
  public static List<String> of(JsonNode fleet) {
    var lines = new ArrayList<String>();
    var nodes = new ArrayList<List<String>>();
    nodes.add(List.of("NODE", "ROLE", "ADDRESS", "VERSION"));
    for (JsonNode node : fleet.get("nodes")) {
      nodes.add(
          List.of(
              node.path("id").asString() + (node.path("self").asBoolean() ? " *" : ""),
              node.path("role").asString(),
              node.path("address").asString(),
              node.path("version").asString()));
    }
    lines.addAll(Columns.ofWords(nodes));
    lines.add("");
    var workers = new ArrayList<List<String>>();
    workers.add(
        List.of("WORKER", "STATE", "MODEL", "SLOTS", "OPEN", "KERNELS", "RESTARTS", "HEARD"));
    int slots = 0;
    int open = 0;
    for (JsonNode worker : fleet.get("workers")) {
      slots += worker.path("slots").asInt();
      open += worker.path("open_sequences").asInt();
      String detail = worker.path("detail").asString("");
      workers.add(
          List.of(
              worker.path("id").asString(),
              worker.path("state").asString() + (detail.isEmpty() ? "" : ": " + detail),
              worker.path("model").asString("-"),
              worker.path("slots").asString(),
              worker.path("open_sequences").asString(),
              worker.path("kernel").asString("-"),
              worker.path("engine_restarts").asString(),
              worker.path("heard_millis_ago").asLong() + " ms ago"));
    }
    lines.addAll(Columns.ofWords(workers));
    lines.add("");
    lines.add(
        "%d nodes, %d workers, %d of %d slots taken"
            .formatted(nodes.size() - 1, workers.size() - 1, open, slots));
    return lines;
  }
}

package dev.bitfleet.app.serve;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.topology.CpuList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What {@code serve} prints when it is ready: what runs, where, and how to call it. */
public final class StartReport {
  private StartReport() {}

  /**
   * The lines.
   *
   * @param workers at least one
   * @param took from the JVM's start
   */
  public static List<String> of(
      BuildVersion version,
      String api,
      String management,
      List<WorkerHeartbeat> workers,
      Duration took) {
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT, "Bitfleet %s is ready (%.1f s)", version, took.toMillis() / 1000.0));
    WorkerHeartbeat first = workers.getFirst();
    first.model().ifPresent(model -> lines.add(line("model", describe(model))));
    for (WorkerHeartbeat worker : workers) {
      lines.add(
          line(
              workers.size() == 1 ? "engine" : worker.workerId(),
              "%s%s%s, cores %s, %d slots"
                  .formatted(
                      worker.engine(),
                      worker.engineVersion().isEmpty() ? "" : " " + worker.engineVersion(),
                      worker.kernel().isEmpty() ? "" : ", kernels " + worker.kernel(),
                      worker.cores().isEmpty() ? "all" : CpuList.format(worker.cores()),
                      worker.slots())));
    }
    lines.add(line("API", api + "/v1"));
    lines.add(line("management", management + "  (/health/ready, /workers, /metrics)"));
    first
        .model()
        .ifPresent(
            model -> {
              lines.add("");
              lines.add("Try it:");
              lines.add(
                  "  curl -N %s/v1/chat/completions -H 'content-type: application/json' \\"
                      .formatted(api));
              lines.add(
                  """
                    -d '{"model":"%s","stream":true,"messages":[{"role":"user","content":"What is the capital of France?"}]}'\
                  """
                      .formatted(model.id()));
            });
    return lines;
  }

  private static String describe(ModelDescription model) {
    return String.format(
        Locale.ROOT,
        "%s (%s, %s parameters, context %d)",
        model.id(),
        model.architecture(),
        count(model.parameters()),
        model.contextLength());
  }

  private static String count(long parameters) {
    if (parameters >= 1_000_000_000L) {
      return String.format(Locale.ROOT, "%.1f B", parameters / 1e9);
    }
    return String.format(Locale.ROOT, "%.1f M", parameters / 1e6);
  }

  private static String line(String what, String value) {
    return "  %-11s %s".formatted(what, value);
  }
}

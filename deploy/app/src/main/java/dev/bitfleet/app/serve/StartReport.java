package dev.bitfleet.app.serve;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.topology.CpuList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code serve} prints when it is ready: what runs, where, and how to call it. */
public final class StartReport {
  private StartReport() {}

  /**
   * The lines.
   *
   * @param api empty for a node that only works
   * @param workers of this node
   * @param cluster what there is to say of it; empty when it serves alone
   * @param took from the JVM's start
   */
  public static List<String> of(
      BuildVersion version,
      Optional<String> api,
      String management,
      List<WorkerHeartbeat> workers,
      Optional<String> cluster,
      Duration took) {
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT, "Bitfleet %s is ready (%.1f s)", version, took.toMillis() / 1000.0));
    Optional<ModelDescription> served =
        workers.stream().findFirst().flatMap(WorkerHeartbeat::model);
    served.ifPresent(model -> lines.add(line("model", describe(model))));
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
    cluster.ifPresent(text -> lines.add(line("cluster", text)));
    api.ifPresent(url -> lines.add(line("API", url + "/v1")));
    lines.add(line("management", management + "  (/health/ready, /workers, /metrics)"));
    if (api.isPresent() && served.isPresent()) {
      lines.add("");
      lines.add("Try it:");
      lines.add(
          "  curl -N %s/v1/chat/completions -H 'content-type: application/json' \\"
              .formatted(api.get()));
      lines.add(
          """
            -d '{"model":"%s","stream":true,"messages":[{"role":"user","content":"What is the capital of France?"}]}'\
          """
              .formatted(served.get().id()));
    }
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

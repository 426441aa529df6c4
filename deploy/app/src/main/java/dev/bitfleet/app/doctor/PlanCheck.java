package dev.bitfleet.app.doctor;

import dev.bitfleet.app.config.WorkerConfiguration;
import dev.bitfleet.app.serve.FleetPlan;
import dev.bitfleet.app.serve.LocalFleet;
import dev.bitfleet.worker.topology.CorePlan;
import dev.bitfleet.worker.topology.CpuList;
import dev.bitfleet.worker.topology.CpuTopology;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;

/** How engines and JVM would share the cores. */
record PlanCheck(Machine machine, WorkerConfiguration worker) implements Check {
  @Override
  public List<Finding> look() {
    CpuTopology topology =
        CpuTopology.read(machine.files(), Runtime.getRuntime().availableProcessors());
    return List.of(
        switch (FleetPlan.cores(worker, topology)) {
          case CorePlan.Outcome.Planned planned -> told(planned.plan());
          case CorePlan.Outcome.Impossible impossible ->
              Finding.blocks(
                  "plan",
                  String.join("; ", impossible.problems()),
                  "change the settings named, or leave them out",
                  java.util.Map.of());
        });
  }

  private static Finding told(CorePlan plan) {
    int loops = LocalFleet.eventLoops(plan.workers().size());
    List<String> engines = new ArrayList<>();
    for (CorePlan.Share share : plan.workers()) {
      engines.add("%d on CPUs %s".formatted(share.threads(), CpuList.format(share.cpus())));
    }
    var facts = new LinkedHashMap<String, Object>();
    facts.put("engine_threads", plan.workers().stream().map(CorePlan.Share::threads).toList());
    facts.put("engine_cpus", plan.workers().stream().map(s -> CpuList.format(s.cpus())).toList());
    facts.put("jvm_cpus", CpuList.format(plan.jvmCpus()));
    facts.put("event_loops", loops);
    return Finding.ok(
        "plan",
        "engine threads: %s; the JVM, with %d event loops, %s"
            .formatted(
                engines.stream().collect(Collectors.joining(", ")),
                loops,
                plan.jvmCpus().isEmpty()
                    ? "shares these"
                    : "has CPUs " + CpuList.format(plan.jvmCpus()) + " to itself"),
        facts);
  }
}

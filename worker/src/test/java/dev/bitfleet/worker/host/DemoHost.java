package dev.bitfleet.worker.host;

import dev.bitfleet.worker.EngineChoice;
import dev.bitfleet.worker.engine.SchedulingOptions;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import dev.bitfleet.worker.topology.CorePlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A node that begins with the demo model, one worker of one thread and two slots. */
final class DemoHost {
  static final String MODEL = "bitfleet-demo";

  private DemoHost() {}

  static HostPlan plan(String node, Path home, Optional<Duration> keepAlive) {
    return new HostPlan(
        node,
        List.of(new CorePlan.Share(List.of(), 1, 0)),
        EngineChoice.BUILTIN,
        Optional.empty(),
        TestModels.dataDir(),
        new ModelHome(home, Map.of(MODEL, TestModels.demo())),
        List.of(new ModelSetup(MODEL, TestModels.demo(), OptionalInt.of(1), 2, 512, keepAlive)),
        Duration.ofSeconds(1),
        SupervisionSettings.DEFAULTS,
        SchedulingOptions.DEFAULTS);
  }
}

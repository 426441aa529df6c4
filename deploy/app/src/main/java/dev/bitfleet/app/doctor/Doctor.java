package dev.bitfleet.app.doctor;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.app.serve.FleetPlan;
import dev.bitfleet.worker.home.ModelHome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes the round of all checks. */
public final class Doctor {
  private final Machine machine;

  Doctor(Machine machine) {
    this.machine = machine;
  }

  /** One for this machine. */
  public static Doctor ofThisMachine() {
    return new Doctor(Machine.ofThisOne());
  }

  /** Looks at everything that {@code serve} would use with that configuration. */
  public Report examine(ServeConfiguration configuration) {
    var findings = new ArrayList<Finding>();
    List<Check> surroundings =
        List.of(
            new PlatformCheck(machine),
            new ProcessorCheck(machine),
            new PlanCheck(machine, configuration.worker()),
            new MemoryCheck(machine),
            new LimitsCheck(machine),
            new ClockCheck(machine, Clock.systemUTC()),
            new ToolsCheck(machine),
            new PortsCheck(machine, PortsCheck.Address.of(configuration)),
            new FoldersCheck(machine, configuration.dataDir()));
    surroundings.forEach(check -> findings.addAll(check.look()));
    FleetPlan.journal(configuration)
        .ifPresent(database -> findings.addAll(new JournalCheck(database).look()));
    Optional<Path> demo = Optional.empty();
    try {
      demo = BundledModel.extract(configuration.dataDir());
    } catch (IOException e) {
      // Only when the folder cannot be written, which has been found already.
      findings.add(Finding.note("models", "the demo could not be unpacked: " + e, Map.of()));
    }
    findings.addAll(new ModelsCheck(new ModelHome(configuration.model().home()), demo).look());
    findings.addAll(
        new EngineCheck(
                BundledEngineProbe.of(configuration.dataDir(), machine),
                configuration.worker(),
                demo)
            .look());
    return new Report(BuildVersion.current(), findings);
  }
}

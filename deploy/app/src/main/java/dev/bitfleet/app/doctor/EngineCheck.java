package dev.bitfleet.app.doctor;

import dev.bitfleet.app.config.EngineKind;
import dev.bitfleet.app.config.WorkerConfiguration;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether the engine runs here, by letting it compute.
 *
 * @param model the demo, for the test; empty when this jar has none
 */
record EngineCheck(BundledEngineProbe engine, WorkerConfiguration worker, Optional<Path> model)
    implements Check {
  private static final int TOKENS = 4;

  @Override
  public List<Finding> look() {
    if (worker.engineBinary().isPresent()) {
      return List.of(foreign(worker.engineBinary().get()));
    }
    if (engine.binary().isEmpty()) {
      return List.of(
          Finding.blocks(
              "engine",
              engine.problem(),
              "build on this kind of machine, or name an engine with --engine-bin",
              Map.of()));
    }
    var facts = new LinkedHashMap<String, Object>();
    facts.put("binary", engine.binary().get().toString());
    facts.put("version", engine.version());
    Machine.Outcome cpu = engine.run("cpu");
    cpu.output()
        .lines()
        .filter(line -> line.contains(":"))
        .forEach(
            line ->
                facts.put(
                    line.substring(0, line.indexOf(':')).strip(),
                    line.substring(line.indexOf(':') + 1).strip()));
    if (model.isEmpty()) {
      return List.of(Finding.ok("engine", String.valueOf(facts.get("version")), facts));
    }
    Machine.Outcome test =
        engine.run(
            "generate",
            "--model",
            model.get().toString(),
            "--prompt",
            "Hello",
            "--max-tokens",
            String.valueOf(TOKENS));
    facts.put("self_test_status", test.status());
    String about = "%s, kernels %s".formatted(facts.get("version"), facts.get("chosen"));
    return List.of(
        test.status() == 0
            ? Finding.ok("engine", about + ": the self-test computed " + TOKENS + " tokens", facts)
            : Finding.blocks(
                "engine",
                "%s: the self-test failed with %d: %s"
                    .formatted(about, test.status(), test.firstLine()),
                "run it by hand: "
                    + engine.binary().get()
                    + " generate --model "
                    + model.get()
                    + " --prompt Hello --max-tokens "
                    + TOKENS,
                facts));
  }

  private Finding foreign(Path binary) {
    Map<String, Object> facts =
        Map.of("binary", binary.toString(), "kind", worker.engine().names().getFirst());
    if (!Files.isExecutable(binary)) {
      return Finding.blocks(
          "engine", binary + " is not a program", "point --engine-bin at one", facts);
    }
    String kind = worker.engine() == EngineKind.BUILTIN ? "builtin" : "llama-server";
    return Finding.ok("engine", kind + " at " + binary, facts);
  }
}

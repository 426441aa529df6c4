package dev.bitfleet.app.doctor;

import dev.bitfleet.app.text.FileTrouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;

/** Whether the data folder can be written, and what is in it be run: the engine is kept there. */
record FoldersCheck(Machine machine, Path dataDir) implements Check {
  private static final long NEEDED_BYTES = 64L << 20;

  @Override
  public List<Finding> look() {
    var facts = new LinkedHashMap<String, Object>();
    facts.put("data_dir", dataDir.toString());
    Path probe = null;
    try {
      Files.createDirectories(dataDir);
      long free = Files.getFileStore(dataDir).getUsableSpace();
      facts.put("free_bytes", free);
      probe = Files.createTempFile(dataDir, "doctor", ".sh");
      Files.writeString(probe, "#!/bin/sh\nexit 0\n");
      Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("rwx------"));
      var outcome = machine.run(Duration.ofSeconds(5), List.of(probe.toString()));
      if (outcome.status() != 0) {
        return List.of(
            Finding.blocks(
                "folders",
                dataDir + " does not let programs run (mounted noexec?): " + outcome.firstLine(),
                "choose another with --data-dir",
                facts));
      }
      String summary = "%s, %d MiB free".formatted(dataDir, free >> 20);
      return List.of(
          free < NEEDED_BYTES
              ? Finding.blocks("folders", summary, "make room there, or use --data-dir", facts)
              : Finding.ok("folders", summary, facts));
    } catch (IOException e) {
      return List.of(
          Finding.blocks(
              "folders",
              dataDir + " cannot be written to: " + FileTrouble.words(e),
              "choose another with --data-dir",
              facts));
    } finally {
      if (probe != null) {
        try {
          Files.deleteIfExists(probe);
        } catch (IOException e) {
          probe.toFile().deleteOnExit();
        }
      }
    }
  }
}

package dev.bitfleet.worker.home;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A LoRA adapter as the PEFT library saves it. */
public final class AdapterFolder {
  /** What was trained, and with which numbers. */
  public static final String CONFIGURATION = "adapter_config.json";

  /** The trained matrices. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  private AdapterFolder() {}

  /** Whether the folder holds both. */
  public static boolean isOne(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIGURATION))
        && Files.isRegularFile(folder.resolve(WEIGHTS));
  }

  /** The two of that folder. */
  static List<Path> files(Path folder) {
    return List.of(folder.resolve(CONFIGURATION), folder.resolve(WEIGHTS));
  }
}

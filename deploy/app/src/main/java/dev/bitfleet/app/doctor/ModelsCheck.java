package dev.bitfleet.app.doctor;

import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.model.ModelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Every model there is, opened. */
record ModelsCheck(ModelHome home, java.util.Optional<Path> bundled) implements Check {

  @Override
  public List<Finding> look() {
    var findings = new ArrayList<Finding>();
    bundled.ifPresentOrElse(
        file -> findings.add(look("bundled " + ModelFile.defaultId(file), file)),
        () ->
            findings.add(
                Finding.warn(
                    "models",
                    "this jar carries no demo model: serve needs a MODEL",
                    "name a .gguf file",
                    java.util.Map.of())));
    List<Path> files = home.files();
    files.forEach(file -> findings.add(look(home.nameOf(file), file)));
    if (files.isEmpty()) {
      findings.add(
          Finding.note(
              "models",
              "none of your own in " + home.folder(),
              java.util.Map.of("model_home", home.folder().toString())));
    }
    return findings;
  }

  private static Finding look(String name, Path file) {
    var facts = new LinkedHashMap<String, Object>();
    facts.put("name", name);
    facts.put("file", file.toString());
    try {
      long bytes = Files.size(file);
      facts.put("bytes", bytes);
      ModelFile model = ModelFile.read(file);
      facts.put("architecture", model.architecture());
      model.contextLength().ifPresent(length -> facts.put("context_length", length));
      facts.put("chat_template", model.chatTemplate().isPresent());
      return Finding.ok(
          "models",
          "%s: %s, %.1f MB%s%s"
              .formatted(
                  name,
                  model.architecture(),
                  bytes / 1e6,
                  model.contextLength().isPresent()
                      ? ", context " + model.contextLength().getAsInt()
                      : "",
                  model.chatTemplate().isPresent() ? "" : ", no chat template of its own"),
          facts);
    } catch (IOException e) {
      return Finding.warn(
          "models",
          name + " cannot be used: " + e.getMessage(),
          "fetch it again, or remove " + file,
          facts);
    }
  }
}

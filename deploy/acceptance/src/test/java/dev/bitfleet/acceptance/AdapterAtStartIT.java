package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve --lora}. */
class AdapterAtStartIT {
  @TempDir Path folder;

  @Test
  void an_adapter_of_the_home_is_there_from_the_start_and_makes_another_model() throws Exception {
    Path model = SlowModel.in(folder);
    RandomModel.adapter(folder, model, folder.resolve("data/models/me/poet.gguf"));

    List<String> fingerprints = new ArrayList<>();
    for (List<String> flags :
        List.of(
            List.<String>of(),
            List.of("--lora", "me/poet"),
            List.of("--lora", "me/poet=0.5"),
            List.of("--lora", "me/poet", "--lora-quant", "int8"),
            List.of("--unembed-quant", "int8"))) {
      var arguments = new ArrayList<String>(List.of(model.toString()));
      arguments.addAll(flags);
      try (var served = BitfleetProcess.start(folder, arguments.toArray(String[]::new))) {
        fingerprints.add(
            Served.ok(new Chat(served).get("/api/v1/model/info")).path("fingerprint").asString());
      }
    }
    assertThat(fingerprints).doesNotContain("").doesNotHaveDuplicates();
  }

  @Test
  void one_that_is_not_there_or_does_not_fit_ends_the_start_with_its_reason() throws Exception {
    Path model = SlowModel.in(folder);
    RandomModel.adapter(folder, model, folder.resolve("data/models/me/poet.gguf"));

    Exit missing = serve(model.toString(), "--lora", "me/nobody");
    assertThat(missing.status()).isEqualTo(66);
    assertThat(missing.err()).contains("no adapter 'me/nobody'");

    Exit misfit = serve("bitfleet-demo", "--lora", "me/poet");
    assertThat(misfit.status()).isEqualTo(65);
    assertThat(misfit.err()).contains("adapter");
  }

  private Exit serve(String... arguments) throws Exception {
    var all =
        new ArrayList<String>(
            List.of(
                "serve",
                "--port",
                "0",
                "--management-port",
                "0",
                "--data-dir",
                folder.resolve("data").toString()));
    all.addAll(List.of(arguments));
    return Exit.ofBitfleet(folder, all.toArray(String[]::new));
  }
}

package dev.bitfleet.worker.home;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.TestModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeEntryTest {
  @TempDir Path folder;

  @Test
  void a_listing_tells_what_files_say_of_themselves_and_where_they_are_from() throws Exception {
    Path tiny = folder.resolve("me/tiny/model.gguf");
    Files.createDirectories(tiny.getParent());
    Files.copy(TestModels.tiny(), tiny);
    new ModelOrigin(
            "me/tiny", "abc", "0".repeat(64), 12, Optional.of("mit"), "2026-11-21T00:00:00Z")
        .write(tiny);
    Files.writeString(folder.resolve("broken.gguf"), "GGUF and then nothing");
    Path poet = Files.createDirectories(folder.resolve("me/poet"));
    Files.writeString(poet.resolve(AdapterFolder.CONFIGURATION), "{}");
    Files.writeString(poet.resolve(AdapterFolder.WEIGHTS), "1234");

    List<HomeEntry> entries =
        HomeEntry.list(new ModelHome(folder, Map.of("demo", TestModels.demo())));

    assertThat(entries)
        .extracting(HomeEntry::name)
        .containsExactly("demo", "broken", "me/tiny/model", "me/poet");
    HomeEntry demo = entries.getFirst();
    assertThat(demo.facts().orElseThrow().architecture()).isEqualTo("bitnet-b1.58");
    assertThat(demo.facts().orElseThrow().quantization()).isIn("I2_S", "TQ1_0", "TQ2_0");
    assertThat(demo.facts().orElseThrow().parameters()).isBetween(5_000_000L, 6_000_000L);
    assertThat(demo.facts().orElseThrow().contextLength()).hasValue(1024);
    assertThat(entries.get(1).problem()).contains("GGUF version");
    assertThat(entries.get(2).origin().orElseThrow().repository()).isEqualTo("me/tiny");
    assertThat(entries.get(2).licence()).contains("mit");
    assertThat(entries.get(3).kind()).isEqualTo(ModelFacts.Kind.ADAPTER);
    assertThat(entries.get(3).bytes()).isEqualTo(4);
  }

  @Test
  void an_origin_that_somebody_spoilt_is_none() throws Exception {
    Path file = folder.resolve("a.gguf");
    assertThat(ModelOrigin.of(file)).isEmpty();
    for (String text : List.of("", "{", "[]", "{\"sha256\":7}", "{\"sha256\":\"xyz\"}")) {
      Files.writeString(ModelOrigin.besides(file), text);
      assertThat(ModelOrigin.of(file)).as(text).isEmpty();
    }
  }
}

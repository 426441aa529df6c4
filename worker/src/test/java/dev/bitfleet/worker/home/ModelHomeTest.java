package dev.bitfleet.worker.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelHomeTest {
  @TempDir Path folder;

  private ModelHome home;
  private Path here;

  @BeforeEach
  void make_a_home() throws IOException {
    home = new ModelHome(folder.resolve("models"));
    here = Files.createDirectories(folder.resolve("here"));
    touch("models/falcon.gguf");
    touch("models/microsoft/bitnet-2b/ggml-model-i2_s.gguf");
    touch("models/many/a.gguf");
    touch("models/many/b.gguf");
    touch("models/notes.txt");
    touch("outside.gguf");
  }

  @Test
  void a_path_is_taken_as_it_stands() throws Exception {
    Path file = touch("here/my model.gguf");

    assertThat(home.find("my model.gguf", here)).isEqualTo(file);
    assertThat(home.find(file.toString(), Path.of("/"))).isEqualTo(file);
    assertThat(home.find("../outside.gguf", here)).isEqualTo(folder.resolve("outside.gguf"));
  }

  @Test
  void a_file_of_any_name_may_be_given_by_its_path() throws Exception {
    Path blob = touch("here/sha256-abc");

    assertThat(home.find("./sha256-abc", here)).isEqualTo(blob);
  }

  @Test
  void a_name_is_looked_up_in_the_home_with_and_without_its_ending() throws Exception {
    Path falcon = folder.resolve("models/falcon.gguf");

    assertThat(home.find("falcon", here)).isEqualTo(falcon);
    assertThat(home.find("falcon.gguf", here)).isEqualTo(falcon);
    assertThat(home.find("many/b", here)).isEqualTo(folder.resolve("models/many/b.gguf"));
  }

  @Test
  void a_folder_with_one_model_is_that_model() throws Exception {
    assertThat(home.find("microsoft/bitnet-2b", here))
        .isEqualTo(folder.resolve("models/microsoft/bitnet-2b/ggml-model-i2_s.gguf"));
  }

  @Test
  void a_folder_with_several_asks_which() {
    assertThatThrownBy(() -> home.find("many", here))
        .isInstanceOf(ModelNotFoundException.class)
        .hasMessageContaining("name one of many/a, many/b");
  }

  @Test
  void a_name_cannot_leave_the_home() {
    assertThatThrownBy(() -> home.find("../outside", here))
        .isInstanceOf(ModelNotFoundException.class);
  }

  @Test
  void what_is_missing_is_answered_with_what_there_is() {
    assertThatThrownBy(() -> home.find("flacon", here))
        .hasMessageContaining("there is no model 'flacon'")
        .hasMessageContaining("falcon, many/a, many/b, microsoft/bitnet-2b/ggml-model-i2_s")
        .hasMessageContaining("bundled demo");
  }

  @Test
  void a_home_that_is_not_there_is_said_to_be_so() {
    ModelHome nowhere = new ModelHome(folder.resolve("nowhere"));

    assertThat(nowhere.files()).isEmpty();
    assertThatThrownBy(() -> nowhere.find("x", here)).hasMessageContaining("does not exist");
  }

  @Test
  void a_caller_of_the_api_names_models_of_the_home_and_nothing_else() throws Exception {
    Path bitnet = folder.resolve("models/microsoft/bitnet-2b/ggml-model-i2_s.gguf");
    for (String name :
        new String[] {
          "microsoft/bitnet-2b",
          "microsoft/bitnet-2b:ggml-model-i2_s.gguf",
          "microsoft/bitnet-2b:ggml-model-i2_s",
          "microsoft/bitnet-2b/ggml-model-i2_s.gguf",
          bitnet.toString(),
          folder.resolve("models/microsoft/bitnet-2b").toString()
        }) {
      assertThat(home.resolve(name)).as(name).isEqualTo(bitnet);
    }
    for (String name :
        new String[] {
          "",
          "  ",
          "..",
          "../outside",
          "microsoft/../../outside",
          "many/../falcon",
          folder.resolve("outside.gguf").toString(),
          "/etc/passwd",
          "/",
          ".",
          "a\0b",
          "notes.txt",
          "x".repeat(600)
        }) {
      assertThatThrownBy(() -> home.resolve(name))
          .as(name)
          .isInstanceOf(ModelNotFoundException.class)
          .hasMessageNotContaining(folder.resolve("models").toString() + "/");
    }
  }

  @Test
  void a_link_that_leads_out_of_the_home_is_not_followed_for_a_caller_of_the_api()
      throws Exception {
    Files.createSymbolicLink(folder.resolve("models/link.gguf"), folder.resolve("outside.gguf"));
    Files.createSymbolicLink(folder.resolve("models/dir"), folder.resolve("here"));
    touch("here/hidden.gguf");

    assertThatThrownBy(() -> home.resolve("link")).isInstanceOf(ModelNotFoundException.class);
    assertThatThrownBy(() -> home.resolve("dir/hidden")).isInstanceOf(ModelNotFoundException.class);
    assertThat(home.find("link", here)).isEqualTo(folder.resolve("models/link.gguf"));
  }

  @Test
  void an_adapter_is_a_folder_of_two_files_or_a_gguf() throws Exception {
    touch("models/me/poet/adapter_config.json");
    assertThatThrownBy(() -> home.resolveAdapter("me/poet"))
        .hasMessageContaining("there is no adapter 'me/poet'");
    touch("models/me/poet/adapter_model.safetensors");

    assertThat(home.resolveAdapter("me/poet")).isEqualTo(folder.resolve("models/me/poet"));
    assertThat(home.resolveAdapter("falcon")).isEqualTo(folder.resolve("models/falcon.gguf"));
  }

  @Test
  void a_model_is_called_by_its_repository_when_that_says_which() {
    assertThat(home.idOf(folder.resolve("models/microsoft/bitnet-2b/ggml-model-i2_s.gguf")))
        .isEqualTo("bitnet-2b");
    assertThat(home.idOf(folder.resolve("models/many/a.gguf"))).isEqualTo("a");
    assertThat(home.idOf(folder.resolve("models/falcon.gguf"))).isEqualTo("falcon");
    assertThat(home.idOf(folder.resolve("outside.gguf"))).isEqualTo("outside");
  }

  private Path touch(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "");
  }
}

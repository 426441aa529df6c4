package dev.bitfleet.app.model;

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

  private Path touch(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, "");
  }
}

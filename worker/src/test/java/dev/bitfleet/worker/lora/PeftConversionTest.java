package dev.bitfleet.worker.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.lora.PeftFolders.Matrix;
import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Twins of adapters that the engine makes itself, and folders nobody should have saved. */
class PeftConversionTest {
  private static final String SETTINGS = "{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4}";
  private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.lora_";

  @TempDir Path folder;

  private static Path model(String architecture) {
    return TestModels.random(
        "peft-" + architecture,
        List.of(
            ("--arch " + architecture + " --layers 2 --embd 256 --heads 4 --kv-heads 2 --ff 512")
                .concat(" --vocab 384 --seed 7")
                .split(" ")));
  }

  @ParameterizedTest
  @CsvSource({
    "bitnet-b1.58, f32, 0, 0",
    "bitnet-b1.58, bf16, 0, 0",
    "bitnet, f32, 0, 0",
    "qwen3, f32, 0, 0",
    "llama, f32, 4, 2",
    "llama, f16, 4, 2"
  })
  void the_engine_computes_the_same_bits_from_an_adapter_and_its_peft_twin(
      String architecture, String type, int heads, int kvHeads) throws Exception {
    Path model = model(architecture);
    Path adapter = PeftFolders.random(model, folder.resolve("adapter.gguf"), type);
    PeftFolders.twin(adapter, folder.resolve("peft"), heads, kvHeads);

    Path converted = PeftConversion.convert(folder.resolve("peft"), model, folder);

    assertThat(PeftFolders.read(converted))
        .usingRecursiveComparison()
        .isEqualTo(PeftFolders.read(adapter));
    byte[] logits = logits(model, converted);
    assertThat(logits).isEqualTo(logits(model, adapter));
    assertThat(logits).isNotEqualTo(logits(model, adapter + ":0"));
  }

  private static byte[] logits(Path model, Object adapter) {
    return TestModels.run(
        List.of(
            TestModels.engine().toString(),
            "logits",
            "--model",
            model.toString(),
            "--lora",
            adapter.toString(),
            "--tokens",
            "91,153,56,302,249,30"));
  }

  @Test
  void the_same_adapter_gives_the_same_file_and_leaves_nothing_else() throws Exception {
    write(pair());

    Path first = convert();
    byte[] bytes = Files.readAllBytes(first);
    Files.write(first, new byte[7]);
    assertThat(convert()).as("one that was damaged is mended").isEqualTo(first);
    assertThat(Files.readAllBytes(first)).isEqualTo(bytes);

    PeftFolders.write(folder.resolve("peft"), pair(), SETTINGS.replace(":4", ":5"));
    assertThat(convert()).isNotEqualTo(first);
    assertThat(adapters()).hasSize(2);
  }

  @Test
  void the_factor_of_a_rank_stabilised_adapter_is_in_its_alpha() throws Exception {
    write(pair());
    byte[] plain = Files.readAllBytes(convert());
    PeftFolders.write(
        folder.resolve("peft"), pair(), SETTINGS.replace("}", ",\"use_rslora\":true}"));
    byte[] stabilised = Files.readAllBytes(convert());

    assertThat(alpha(plain)).isEqualTo(4);
    assertThat(alpha(stabilised)).isEqualTo((float) (4 * Math.sqrt(2)));
  }

  private static float alpha(byte[] gguf) {
    byte[] key = "adapter.lora.alpha".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    for (int at = 0; ; at++) {
      if (java.util.Arrays.equals(gguf, at, at + key.length, key, 0, key.length)) {
        return ByteBuffer.wrap(gguf).order(ByteOrder.LITTLE_ENDIAN).getFloat(at + key.length + 4);
      }
    }
  }

  @Test
  void tensors_without_a_place_are_refused_by_name() throws Exception {
    for (String name :
        List.of(
            "base_model.model.model.embed_tokens.lora_embedding_A",
            "base_model.model.lm_head.lora_A.weight",
            "base_model.model.model.layers.0.mlp.q_proj.lora_A.weight",
            "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
            "base_model.model.model.layers.99999.self_attn.q_proj.lora_A.weight",
            "base_model.model.model.layers.0.self_attn.q_proj.base_layer.weight")) {
      Map<String, Matrix> matrices = pair();
      matrices.put(name, matrix(2, 256));
      write(matrices);
      refused(name);
    }
  }

  @Test
  void pairs_that_do_not_fit_are_refused_by_name() throws Exception {
    Map<String, Matrix> alone = pair();
    alone.remove(Q + "B.weight");
    write(alone);
    refused(Q + "A.weight' has no lora_B");

    Map<String, Matrix> rank = pair();
    rank.put(Q + "B.weight", matrix(256, 3));
    write(rank);
    refused(Q + "B.weight' has the shape [256, 3]");

    Map<String, Matrix> heads = pair();
    heads.put(Q + "B.weight", matrix(258, 2));
    PeftFolders.write(folder.resolve("peft"), heads, SETTINGS);
    assertThatThrownBy(() -> PeftConversion.convert(folder.resolve("peft"), model("llama"), folder))
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining("258 rows");

    write(new LinkedHashMap<>());
    refused("header");
  }

  @Test
  void what_is_no_number_is_refused_and_leaves_no_file() throws Exception {
    Map<String, Matrix> matrices = pair();
    ByteBuffer.wrap(java.util.Objects.requireNonNull(matrices.get(Q + "B.weight")).bytes())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(64, Float.NaN);
    write(matrices);
    refused(Q + "B.weight' holds what is not a finite number");
    assertThat(adapters()).isEmpty();
  }

  private List<Path> adapters() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("adapters"))) {
      return files.toList();
    }
  }

  private void refused(String part) {
    assertThatThrownBy(this::convert)
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining(part);
  }

  private Path convert() throws IOException {
    return PeftConversion.convert(folder.resolve("peft"), model("bitnet-b1.58"), folder);
  }

  private void write(Map<String, Matrix> matrices) throws IOException {
    PeftFolders.write(folder.resolve("peft"), matrices, SETTINGS);
  }

  private static Map<String, Matrix> pair() {
    var matrices = new LinkedHashMap<String, Matrix>();
    matrices.put(Q + "A.weight", matrix(2, 256));
    matrices.put(Q + "B.weight", matrix(256, 2));
    return matrices;
  }

  private static Matrix matrix(int rows, int columns) {
    return new Matrix("F32", rows, columns, new byte[4 * rows * columns]);
  }
}

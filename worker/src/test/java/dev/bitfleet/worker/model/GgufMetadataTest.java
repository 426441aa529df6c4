package dev.bitfleet.worker.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class GgufMetadataTest {
  @TempDir Path folder;

  /** Writes GGUF metadata byte by byte. */
  private static final class Writer {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Writer header(int version, long keys) {
      bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
      return int32(version).int64(0).int64(keys);
    }

    Writer bytes(byte[] bytes) {
      out.writeBytes(bytes);
      return this;
    }

    Writer int32(int value) {
      return bytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    Writer int64(long value) {
      return bytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }

    Writer text(String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      return int64(utf8.length).bytes(utf8);
    }

    Writer pair(String key, String value) {
      return text(key).int32(8).text(value);
    }
  }

  private Path file(Consumer<Writer> content) throws IOException {
    Writer writer = new Writer();
    content.accept(writer);
    return Files.write(folder.resolve("m.gguf"), writer.out.toByteArray());
  }

  private static void model(Writer w) {
    w.header(3, 9)
        .pair("general.architecture", "bitnet-b1.58")
        .pair("general.name", "näme")
        .text("bitnet-b1.58.context_length")
        .int32(4)
        .int32(4096)
        .text("tokenizer.ggml.tokens")
        .int32(9)
        .int32(8)
        .int64(5)
        .text("a")
        .text("<s>")
        .text("<|eot_id|>")
        .text("</s>")
        .text("<think>")
        .text("tokenizer.ggml.token_type")
        .int32(9)
        .int32(5)
        .int64(5)
        .int32(1)
        .int32(3)
        .int32(4)
        .int32(1)
        .int32(4)
        .text("tokenizer.ggml.scores")
        .int32(9)
        .int32(6)
        .int64(2)
        .int32(0)
        .int32(0)
        .text("tokenizer.ggml.bos_token_id")
        .int32(4)
        .int32(1)
        .text("tokenizer.ggml.eos_token_id")
        .int32(4)
        .int32(3)
        .pair("tokenizer.chat_template", "{{ bos_token }}");
  }

  @Test
  void a_model_file_tells_what_a_worker_needs() throws Exception {
    ModelFile model = ModelFile.read(file(GgufMetadataTest::model));

    assertThat(model.architecture()).isEqualTo("bitnet-b1.58");
    assertThat(model.name()).isEqualTo("näme");
    assertThat(model.contextLength()).hasValue(4096);
    assertThat(model.chatTemplate()).contains("{{ bos_token }}");
    assertThat(model.controlTokens().beginText()).isEqualTo("<s>");
    assertThat(model.controlTokens().endText()).isEqualTo("</s>");
    assertThat(model.modifiedSeconds()).isPositive();
  }

  @Test
  void control_tokens_are_those_typed_shaped_or_named_so() throws Exception {
    assertThat(ModelFile.read(file(GgufMetadataTest::model)).controlTokens().idOfText())
        .containsOnlyKeys("<s>", "<|eot_id|>", "</s>")
        .containsEntry("<|eot_id|>", 2);
  }

  @Test
  void the_id_is_the_file_name_without_gguf() {
    assertThat(ModelFile.defaultId(Path.of("/m/bitnet-2b.gguf"))).isEqualTo("bitnet-2b");
    assertThat(ModelFile.defaultId(Path.of("weights"))).isEqualTo("weights");
  }

  private void refused(String part, Consumer<Writer> content) throws IOException {
    Path file = file(content);
    assertThatExceptionOfType(ModelFileException.class)
        .isThrownBy(() -> ModelFile.read(file))
        .withMessageContaining(part);
  }

  @Test
  @Timeout(10)
  void hostile_files_are_refused_where_they_are_wrong() throws Exception {
    refused("not a GGUF", w -> w.bytes("MZ..............".getBytes(StandardCharsets.US_ASCII)));
    refused("ends inside magic", w -> {});
    refused("version 1", w -> w.header(1, 0));
    refused("key count", w -> w.header(3, -1));
    refused("key count", w -> w.header(3, 1L << 40));
    refused("ends inside", w -> w.header(3, 1));
    refused("bytes long", w -> w.header(3, 1).int64(Long.MAX_VALUE));
    refused("bytes long", w -> w.header(3, 1).text("k").int32(8).int64(1L << 33));
    refused("unknown type", w -> w.header(3, 1).text("k").int32(13));
    refused("elements", w -> w.header(3, 1).text("k").int32(9).int32(8).int64(-1));
    refused("array of arrays", w -> w.header(3, 1).text("k").int32(9).int32(9).int64(1));
    refused("truth value", w -> w.header(3, 1).text("k").int32(7).bytes(new byte[] {2}));
    refused("twice", w -> w.header(3, 2).pair("k", "a").pair("k", "b"));
    refused("general.architecture is missing", w -> w.header(3, 0));
    refused(
        "context_length",
        w ->
            w.header(3, 2)
                .pair("general.architecture", "a")
                .text("a.context_length")
                .int32(10)
                .int64(-5));
  }

  @Test
  void what_no_worker_reads_is_not_kept_and_what_is_kept_is_bounded() throws Exception {
    String huge = "x".repeat(8 * 1024 * 1024);
    Path manyTexts =
        file(
            w -> {
              w.header(3, 10).pair("general.architecture", "a");
              for (int i = 0; i < 9; i++) {
                w.pair("note." + i, huge);
              }
            });
    assertThat(GgufMetadata.read(manyTexts).text("note.0")).isEmpty();
    assertThat(ModelFile.read(manyTexts).architecture()).isEqualTo("a");

    refused(
        "takes more than",
        w -> {
          w.header(3, 5);
          for (int i = 0; i < 5; i++) {
            w.pair("a" + i + ".context_length", huge);
          }
        });
    byte[] noText = new byte[8 * 2 * 1024 * 1024];
    refused(
        "takes more than",
        w ->
            w.header(3, 1)
                .text("tokenizer.ggml.tokens")
                .int32(9)
                .int32(8)
                .int64(2 * 1024 * 1024)
                .bytes(noText));
  }

  @Test
  void a_vocabulary_of_256_thousand_tokens_fits() throws Exception {
    int size = 256 * 1024;
    Path file =
        file(
            w -> {
              w.header(3, 3).pair("general.architecture", "a");
              w.text("tokenizer.ggml.tokens").int32(9).int32(8).int64(size);
              for (int i = 0; i < size; i++) {
                w.text("token " + i);
              }
              w.text("tokenizer.ggml.token_type").int32(9).int32(5).int64(size);
              w.bytes(new byte[4 * size]);
            });

    assertThat(GgufMetadata.read(file).tokens()).hasSize(size);
    assertThat(GgufMetadata.read(file).tokenTypes()).hasSize(size);
  }

  @Test
  void control_tokens_have_bounds() throws Exception {
    refused(
        "characters long",
        w ->
            w.header(3, 2)
                .pair("general.architecture", "a")
                .text("tokenizer.ggml.tokens")
                .int32(9)
                .int32(8)
                .int64(1)
                .text("<|" + "x".repeat(300) + "|>"));
    refused(
        "together",
        w -> {
          w.header(3, 2).pair("general.architecture", "a");
          w.text("tokenizer.ggml.tokens").int32(9).int32(8).int64(8192);
          for (int i = 0; i < 8192; i++) {
            w.text("<|" + i + "x".repeat(150) + "|>");
          }
        });
  }

  @Test
  @Timeout(60)
  void no_damaged_file_does_worse_than_be_refused() throws Exception {
    Writer writer = new Writer();
    model(writer);
    byte[] whole = writer.out.toByteArray();
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Path file = folder.resolve("fuzz.gguf");
    for (int round = 0; round < 3000; round++) {
      byte[] damaged = whole.clone();
      int flips = 1 + random.nextInt(4);
      for (int i = 0; i < flips; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(damaged.length) : damaged.length;
      Files.write(file, java.util.Arrays.copyOf(damaged, length));
      try {
        ModelFile.read(file);
      } catch (ModelFileException e) {
        assertThat(e.getMessage()).as("seed %d round %d", seed, round).isNotBlank();
      }
    }
  }
}

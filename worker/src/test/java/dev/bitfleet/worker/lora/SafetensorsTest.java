package dev.bitfleet.worker.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.worker.model.ModelFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Headers that lie. */
class SafetensorsTest {
  private static final String GOOD =
      "{'a':{'dtype':'F32','shape':[2,2],'data_offsets':[0,16]},"
          + "'b':{'dtype':'BF16','shape':[4],'data_offsets':[16,24]}}";

  @TempDir Path folder;

  @Test
  void tensors_come_in_the_order_of_their_bytes() throws Exception {
    try (Safetensors file = open(GOOD, 24)) {
      assertThat(file.tensors()).extracting(Safetensors.Tensor::name).containsExactly("a", "b");
      assertThat(file.tensors().get(1).bytes()).isEqualTo(8);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "[16,24] | [8,16] | overlap",
        "[16,24] | [0,8] | overlap",
        "[0,16] | [-16,0] | extent or offset",
        "[16,24] | [17,25] | lies at",
        "[16,24] | [24,16] | lies at",
        "[16,24] | [16,9223372036854775807] | extent or offset",
        "[16,24] | [16,99999999999999999999] | no number",
        "[16,24] | [16.0,24.0] | no number",
        "[16,24] | [16] | data_offsets",
        "[16,24] | 'x' | data_offsets",
        "[2,2] | [2,3] | lies at",
        "[2,2] | [4294967296,4294967296] | extent or offset",
        "[2,2] | [24,24,24,24] | cannot have the shape",
        "[2,2] | [0,2] | cannot have the shape",
        "[2,2] | [1,1,1,1,1,1,1,2,2] | shape",
        "[2,2] | {} | shape",
        "F32 | I64 | neither F32",
        "'b' | 'a' | not JSON",
        "{'a' | {{'a' | not JSON",
        "}} | }}} | not JSON",
        "[4] | [[[[[[[[[[[[[[[[[[[[4]]]]]]]]]]]]]]]]]]]] | not JSON"
      })
  void a_header_that_lies_is_refused(String part, String lie, String problem) {
    String header = GOOD.replace(part, lie);
    assertThat(header).isNotEqualTo(GOOD);
    refused(header, 24, problem);
  }

  @Test
  void bytes_that_belong_to_no_tensor_are_refused() {
    refused(GOOD, 25, "end at byte");
    refused(GOOD, 23, "lies at");
    refused(GOOD.replace("[0,16]", "[8,24]"), 24, "belong to no tensor");
  }

  @Test
  void the_length_of_the_header_is_checked_before_it_is_read() throws Exception {
    Path file = folder.resolve("f");
    for (long length : new long[] {0, 1, 100, 8 << 20, Long.MAX_VALUE, -1}) {
      byte[] bytes = PeftFolders.safetensors(GOOD.replace('\'', '"'), new byte[24]);
      java.nio.ByteBuffer.wrap(bytes)
          .order(java.nio.ByteOrder.LITTLE_ENDIAN)
          .putLong(0, length == 100 ? bytes.length - 7 : length);
      Files.write(file, bytes);
      assertThatThrownBy(() -> Safetensors.open(file))
          .as("length %s", length)
          .isInstanceOf(ModelFileException.class)
          .hasMessageContaining("header");
    }
    Files.write(file, new byte[5]);
    assertThatThrownBy(() -> Safetensors.open(file)).hasMessageContaining("5 bytes");
  }

  @Test
  void no_flipped_byte_does_more_than_be_refused() throws Exception {
    var random = new Random(3);
    byte[] good = PeftFolders.safetensors(GOOD.replace('\'', '"'), new byte[24]);
    Path file = folder.resolve("f");
    for (int i = 0; i < 3000; i++) {
      byte[] bytes = good.clone();
      bytes[random.nextInt(bytes.length - 24)] = (byte) random.nextInt();
      Files.write(file, bytes);
      try (Safetensors opened = Safetensors.open(file)) {
        long all = opened.tensors().stream().mapToLong(Safetensors.Tensor::bytes).sum();
        assertThat(all).isLessThanOrEqualTo(24);
      } catch (ModelFileException expected) {
        assertThat(expected.getMessage()).isNotBlank();
      }
    }
  }

  private void refused(String header, int bytes, String problem) {
    assertThatThrownBy(() -> open(header, bytes))
        .isInstanceOf(ModelFileException.class)
        .hasMessageContaining(problem);
  }

  private Safetensors open(String header, int bytes) throws IOException {
    Path file = folder.resolve("adapter_model.safetensors");
    Files.write(file, PeftFolders.safetensors(header.replace('\'', '"'), new byte[bytes]));
    return Safetensors.open(file);
  }
}

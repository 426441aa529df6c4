package dev.bitfleet.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bytes both sides of the engine protocol must agree on; the engine's own test reads the same.
 */
class EngineGoldenTest {
  private static final Path FOLDER = Path.of("src/test/resources/golden/engine");

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".bin")).sorted().toList();
    }
  }

  private static MessageLite parse(Path file, byte[] bytes) throws IOException {
    return file.getFileName().toString().startsWith("command_")
        ? EngineCommand.parseFrom(bytes)
        : EngineEvent.parseFrom(bytes);
  }

  @ParameterizedTest
  @MethodSource("files")
  void each_message_is_read_and_written_again_byte_for_byte(Path file) throws IOException {
    byte[] golden = Files.readAllBytes(file);
    MessageLite message = parse(file, golden);
    byte[] again = EngineFrames.read(new ByteArrayInputStream(EngineFrames.encode(message)));

    if (hasKeyBeyondInt(message)) {
      // Java sorts unsigned map keys as signed ones; no vocabulary has an id of 2^31 or more.
      assertThat(parse(file, again)).isEqualTo(message);
      assertThat(again).containsExactlyInAnyOrder(golden);
    } else {
      assertThat(again).isEqualTo(golden);
    }
  }

  private static boolean hasKeyBeyondInt(MessageLite message) {
    return message instanceof EngineCommand command
        && command.getOpen().getSampling().getLogitBiasMap().keySet().stream()
            .anyMatch(id -> id < 0);
  }

  @Test
  void every_command_and_event_has_a_golden_message() throws IOException {
    Set<EngineCommand.CommandCase> commands = new HashSet<>();
    Set<EngineEvent.EventCase> events = new HashSet<>();
    for (Path file : files()) {
      switch (parse(file, Files.readAllBytes(file))) {
        case EngineCommand command -> commands.add(command.getCommandCase());
        case EngineEvent event -> events.add(event.getEventCase());
        case MessageLite other -> throw new AssertionError(other);
      }
    }
    commands.add(EngineCommand.CommandCase.COMMAND_NOT_SET);
    events.add(EngineEvent.EventCase.EVENT_NOT_SET);
    assertThat(commands).containsExactlyInAnyOrder(EngineCommand.CommandCase.values());
    assertThat(events).containsExactlyInAnyOrder(EngineEvent.EventCase.values());
  }

  @Test
  void the_fields_mean_what_the_text_beside_them_says() throws IOException {
    EngineCommand open =
        EngineCommand.parseFrom(Files.readAllBytes(FOLDER.resolve("command_open.bin")));

    assertThat(open.getOpen().getSequenceId()).isEqualTo(-1L);
    assertThat(open.getOpen().getPrompt(1).getText())
        .isEqualTo(ByteString.copyFromUtf8("Grüße, 世界 🙂"));
    assertThat(open.getOpen().getSampling().getLogitBiasMap()).containsEntry(7, 1.5f);
    assertThat(open.getOpen().getStopStringsList()).contains("停");
    assertThat(open.getOpen().getAddBeginToken()).isTrue();
  }

  @Test
  void a_frame_cut_anywhere_is_an_end_and_not_a_message() throws IOException {
    byte[] frame =
        EngineFrames.encode(
            EngineCommand.parseFrom(Files.readAllBytes(FOLDER.resolve("command_open.bin"))));
    for (int length = 0; length < frame.length; length++) {
      ByteArrayInputStream cut = new ByteArrayInputStream(Arrays.copyOf(frame, length));
      assertThatExceptionOfType(EOFException.class).isThrownBy(() -> EngineFrames.read(cut));
    }
  }

  @Test
  void a_length_out_of_bounds_is_refused_before_anything_is_allocated() {
    for (byte[] header :
        List.of(new byte[] {-1, -1, -1, -1}, new byte[] {1, 0, 0, 1}, new byte[] {0, 0, 0, -128})) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> EngineFrames.read(new ByteArrayInputStream(header)))
          .withMessageContaining("engine frame of");
    }
  }
}

package dev.bitfleet.app.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTroubleTest {
  @TempDir Path folder;

  private static String words(ThrowingCallable failing) {
    return FileTrouble.words(catchThrowableOfType(IOException.class, failing));
  }

  @Test
  void what_the_system_refuses_is_said_in_words() throws Exception {
    Path file = Files.write(folder.resolve("file"), new byte[] {(byte) 0xff, (byte) 0xfe});

    assertThat(words(() -> Files.size(folder.resolve("none")))).isEqualTo("there is no such file");
    assertThat(words(() -> Files.createDirectories(file))).isEqualTo("a file has its place");
    assertThat(words(() -> Files.readString(file.resolve("below")))).isEqualTo("not a directory");
    assertThat(words(() -> Files.readString(file, StandardCharsets.UTF_8)))
        .isEqualTo("it is no text");
    assertThat(words(() -> Files.readString(folder))).isEqualTo("is a directory");
    assertThat(FileTrouble.words(new AccessDeniedException("/x"))).isEqualTo("permission denied");
    assertThat(FileTrouble.words(new IOException("No space left on device")))
        .isEqualTo("no space left on device");
  }

  @Test
  void the_file_is_named_where_it_is_known() {
    assertThat(FileTrouble.named(new FileSystemException("/x", null, "Read-only file system")))
        .isEqualTo("/x: read-only file system");
    assertThat(FileTrouble.named(new IOException("gone"))).isEqualTo("gone");
  }
}

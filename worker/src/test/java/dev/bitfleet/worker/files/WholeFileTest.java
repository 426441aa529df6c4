package dev.bitfleet.worker.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir Path folder;

  private static Path put(Path folder, String text) throws IOException {
    return WholeFile.put(
        folder,
        partial -> {
          Files.writeString(partial, text);
          return "name";
        });
  }

  private static long files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }

  @Test
  void a_file_takes_the_place_of_the_one_before_and_leaves_no_other() throws Exception {
    Path inside = folder.resolve("a/b");
    put(inside, "old");

    assertThat(put(inside, "new")).hasContent("new");

    assertThat(files(inside)).isEqualTo(1);
    assertThat(Files.getPosixFilePermissions(inside.resolve("name")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void what_fails_midway_leaves_what_was_there() throws Exception {
    put(folder, "old");

    assertThatThrownBy(
            () ->
                WholeFile.put(
                    folder,
                    partial -> {
                      Files.writeString(partial, "half");
                      throw new IOException("the disk is full");
                    }))
        .hasMessage("the disk is full");

    assertThat(folder.resolve("name")).hasContent("old");
    assertThat(files(folder)).isEqualTo(1);
  }
}

package dev.bitfleet.gateway.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalFileTest extends JournalStorageContract {
  @TempDir Path folder;

  @Override
  JournalStorage open() throws Exception {
    return JournalFile.open(folder);
  }

  private static List<Change> group(String name) {
    byte[] value = (name + "x".repeat(3000)).getBytes(UTF_8);
    return List.of(
        new Change.Put(Shelf.PLACES, name, 0, 1, value),
        new Change.Put(Shelf.PLACES, name, 1, 1, value));
  }

  private List<String> rows() throws Exception {
    List<String> rows = new ArrayList<>();
    try (JournalFile file = JournalFile.open(folder)) {
      file.read(
          List.of(Shelf.PLACES),
          0,
          (shelf, owner, place, touched, value) -> rows.add(owner + "/" + place));
    }
    return rows;
  }

  @Test
  void a_full_disk_keeps_whole_groups_or_nothing_and_goes_on_when_there_is_room() throws Exception {
    List<String> acknowledged = new ArrayList<>();
    try (JournalFile file = JournalFile.open(folder)) {
      file.limit(40);
      JournalException full = null;
      for (int i = 0; full == null; i++) {
        String name = String.format("group%03d", i);
        try {
          file.write(group(name));
          acknowledged.add(name + "/0");
          acknowledged.add(name + "/1");
        } catch (JournalException e) {
          full = e;
        }
      }
      assertThat(full).hasMessageEndingWith("the disk is full");
      assertThatThrownBy(() -> file.write(group("still-full")))
          .hasMessageEndingWith("the disk is full");
      file.limit(1000);
      file.write(group("room-again"));
      acknowledged.add("room-again/0");
      acknowledged.add("room-again/1");
    }
    assertThat(rows()).isEqualTo(acknowledged).hasSizeGreaterThan(10);
  }

  @Test
  void a_file_of_a_newer_bitfleet_or_of_another_program_is_left_alone() throws Exception {
    JournalFile.open(folder).close();
    change("PRAGMA user_version = 2");
    assertThat(catchThrowable(() -> JournalFile.open(folder)))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("newer Bitfleet");
    change("PRAGMA application_id = 7");
    assertThat(catchThrowable(() -> JournalFile.open(folder)))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("another program");
    Files.writeString(
        folder.resolve(JournalFile.NAME), "this is no database, but long enough. ".repeat(200));
    Files.deleteIfExists(folder.resolve(JournalFile.NAME + "-wal"));
    assertThat(catchThrowable(() -> JournalFile.open(folder)))
        .isInstanceOf(JournalException.class)
        .hasMessageContaining("is not a database");
  }

  @Test
  void what_it_holds_is_for_nobody_else() throws Exception {
    Path made = folder.resolve("made");
    try (JournalFile file = JournalFile.open(made)) {
      file.write(group("one"));
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
          .isEqualTo("rwx------");
      try (Stream<Path> files = Files.list(made)) {
        assertThat(files)
            .isNotEmpty()
            .allSatisfy(
                each ->
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
                        .as("%s", each)
                        .isEqualTo("rw-------"));
      }
    }
    // An older version let the umask decide.
    Path database = made.resolve(JournalFile.NAME);
    Files.setPosixFilePermissions(database, PosixFilePermissions.fromString("rw-r--r--"));
    JournalFile.open(made).close();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(database)))
        .isEqualTo("rw-------");
  }

  private void change(String pragma) throws Exception {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + folder.resolve(JournalFile.NAME));
        Statement statement = connection.createStatement()) {
      statement.execute(pragma);
    }
  }
}

package dev.bitfleet.app.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WrittenFormsTest {
  private static final Path HERE = Path.of("/");

  @ParameterizedTest
  @CsvSource({
    "0B, 0",
    "1kB, 1000",
    "1 KiB, 1024",
    "1.5 MiB, 1572864",
    "8MB, 8000000",
    "2gib, 2147483648"
  })
  void a_size_is_a_number_with_a_unit(String text, long bytes) {
    assertThat(DataSize.parse(text)).isEqualTo(new DataSize(bytes));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "8", "MiB", "-1MiB", "1,5MiB", "0.3B", "8 parsecs", "99999999999GiB"})
  void a_size_without_sense_is_refused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> DataSize.parse(text));
  }

  @Test
  void a_size_is_written_with_the_largest_unit_that_divides_it() {
    assertThat(
            List.of(
                new DataSize(0), new DataSize(1025), new DataSize(2048), DataSize.ofMebibytes(3)))
        .extracting(DataSize::toString)
        .containsExactly("0 B", "1025 B", "2 KiB", "3 MiB");
  }

  @ParameterizedTest
  @CsvSource({"250ms, 250", "30s, 30000", "5 m, 300000", "2h, 7200000", "0s, 0"})
  void a_duration_is_a_number_with_a_unit(String text, long millis) {
    Duration parsed = Durations.parse(text);
    assertThat(parsed).isEqualTo(Duration.ofMillis(millis));
    assertThat(Durations.parse(Durations.write(parsed))).isEqualTo(parsed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "30", "s", "-1s", "1.5s", "1d2h", "30 S"})
  void a_duration_without_sense_is_refused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse(text));
  }

  @ParameterizedTest
  @CsvSource({"'0-3,8', 0;1;2;3;8", "'3, 1,1', 1;3", "7, 7"})
  void cpu_lists_are_read_as_linux_writes_them(String text, String expected) {
    assertThat(Kind.cpuList().parse(text, HERE))
        .map(String::valueOf)
        .containsExactly(expected.split(";", -1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "3-1", "1-2-3", "-1", "0,", "0-99999"})
  void cpu_lists_without_sense_are_refused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Kind.cpuList().parse(text, HERE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"example.org", "https://a.example/path", "https://", "ht tp://x", "https://a?b"})
  void an_origin_has_a_scheme_and_a_host_and_no_more(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Kind.origins().parse(text, HERE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://db/fleet",
        "jdbc:postgresql://db:5433,other/fleet?sslmode=verify-full&currentSchema=a",
        "jdbc:postgresql://[::1]:5432/fleet",
        "jdbc:postgresql:fleet"
      })
  void a_database_is_named_as_jdbc_does(String text) {
    assertThat(Kind.databaseUrl().parse(text, HERE)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "postgresql://db/fleet",
        "jdbc:sqlite:/secret",
        "jdbc:postgresql://db/",
        "jdbc:postgresql://ada:secret@db/fleet",
        "jdbc:postgresql://db/fleet?user=ada&password=secret",
        "jdbc:postgresql://db/fleet?PASSWORD=secret",
        "jdbc:postgresql://db/fleet?sslmode=require&sslpassword=secret",
        "jdbc:postgresql://db/fleet?socketTimeout=0",
        "jdbc:postgresql://db/fleet secret"
      })
  void a_database_with_a_password_or_none_at_all_is_refused_without_showing_it(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Kind.databaseUrl().parse(text, HERE))
        .withMessageNotContaining("secret");
  }

  @Test
  void no_origins_is_an_empty_list() {
    assertThat(Kind.origins().parse("", HERE)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"prot, port", "management_port, management-port", "slot, slots", "crose, cores"})
  void a_slip_is_traced_to_what_was_meant(String slip, String meant) {
    assertThat(Spelling.nearest(slip, Settings.names())).contains(meant);
  }

  @Test
  void another_word_is_not_taken_for_a_slip() {
    assertThat(Spelling.nearest("colour", Settings.names())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"'', '', 0", "a, '', 1", "ab, ba, 1", "kitten, sitting, 3"})
  void distance_counts_edits_and_swaps(String a, String b, int expected) {
    assertThat(Spelling.distance(a, b)).isEqualTo(expected);
    assertThat(Spelling.distance(b, a)).isEqualTo(expected);
  }
}

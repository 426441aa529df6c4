package dev.bitfleet.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.keys.KeyFile;
import dev.bitfleet.gateway.keys.KeyRing;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyCommandTest {
  @TempDir Path folder;

  private record Run(int code, String out, String err) {}

  private Run run(String... words) {
    var out = new StringWriter();
    var err = new StringWriter();
    String[] all =
        Stream.concat(
                Stream.of(words), Stream.of("--api-keys", folder.resolve("keys.yaml").toString()))
            .toArray(String[]::new);
    int code = BitfleetCommand.run(all, new PrintWriter(out, true), new PrintWriter(err, true));
    return new Run(code, out.toString(), err.toString());
  }

  @Test
  void a_new_key_opens_is_listed_without_its_secret_and_can_be_revoked() throws Exception {
    Run made = run("key", "new", "web", "--requests-per-minute", "60", "--scopes", "inference");
    assertThat(made.code()).isZero();
    String secret = made.out().strip();
    assertThat(secret).matches("bf-[0-9a-f]{64}");
    Path file = folder.resolve("keys.yaml");
    assertThat(new KeyRing(KeyFile.read(file)).find(secret)).isPresent();

    assertThat(run("key", "new", "batch", "--tenant", "acme").code()).isZero();
    Run listed = run("key", "list");
    assertThat(listed.out())
        .isEqualToNormalizingNewlines(
            "web: inference, 60 requests/min\nbatch of acme: inference, conversations\n");

    assertThat(run("key", "revoke", "web").code()).isZero();
    assertThat(new KeyRing(KeyFile.read(file)).find(secret)).isEmpty();
  }

  @Test
  void what_cannot_be_is_said_and_changes_nothing() throws Exception {
    run("key", "new", "web");
    assertThat(run("key", "new", "web").err()).contains("already");
    assertThat(run("key", "new", "a b").code()).isEqualTo(64);
    assertThat(run("key", "new", "x", "--scopes", "root").err()).contains("unknown scope 'root'");
    assertThat(run("key", "new", "x", "--concurrent", "0").err()).contains("less than 1");
    assertThat(run("key", "revoke", "nobody").err()).contains("no key named nobody");
    assertThat(run("key").code()).isEqualTo(64);
    assertThat(KeyFile.read(folder.resolve("keys.yaml"))).hasSize(1);
  }
}

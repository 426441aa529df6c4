package dev.bitfleet.gateway.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyFileTest {
  @TempDir Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("keys.yaml"), text);
  }

  @Test
  void what_was_written_is_read_and_only_the_owner_may_read_it() throws Exception {
    String secret = ApiKey.newSecret();
    List<ApiKey> keys =
        List.of(
            new ApiKey(
                "web", "acme", ApiKey.hashOf(secret), EnumSet.allOf(Scope.class), KeyLimits.NONE),
            new ApiKey(
                "batch",
                "batch",
                ApiKey.hashOf("another"),
                Scope.USUAL,
                new KeyLimits(
                    OptionalInt.of(60), OptionalLong.of(10_000_000_000L), OptionalInt.of(2))));
    Path file = folder.resolve("a/b/keys.yaml");
    KeyFile.write(file, keys);
    assertThat(KeyFile.read(file)).isEqualTo(keys);
    assertThat(Files.readString(file)).doesNotContain(secret);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(new KeyRing(keys).find(secret)).contains(keys.getFirst());
    assertThat(new KeyRing(keys).find(secret + " ")).isEmpty();
  }

  @Test
  void an_entry_needs_only_a_name_and_a_hash() throws Exception {
    String hash = ApiKey.hashOf("x");
    assertThat(KeyFile.read(file("keys: [{name: app, sha256: " + hash + "}]")))
        .containsExactly(new ApiKey("app", "app", hash, Scope.USUAL, KeyLimits.NONE));
    assertThat(KeyFile.read(file("keys:\n"))).isEmpty();
  }

  @Test
  void every_problem_is_told_at_once() throws Exception {
    Path file =
        file(
            """
            kees: []
            keys:
              - {name: a b, sha256: %1$s}
              - {name: c, sha256: short}
              - {name: d, sha256: %1$s, scopes: [root], concurrent: 0}
              - {name: e, sha256: %1$s, secret: x}
              - nothing
            """
                .formatted(ApiKey.hashOf("x")));
    assertThatThrownBy(() -> KeyFile.read(file))
        .isInstanceOf(KeyFileException.class)
        .hasMessageContaining("unknown key 'kees'")
        .hasMessageContaining("keys[0]: names and tenants take")
        .hasMessageContaining("keys[1]: sha256 takes")
        .hasMessageContaining("keys[2]: unknown scope 'root'")
        .hasMessageContaining("keys[2]: 'concurrent' has to be")
        .hasMessageContaining("keys[3]: unknown key 'secret'")
        .hasMessageContaining("keys[4]: not a mapping");
    assertThatThrownBy(() -> KeyFile.read(folder.resolve("none")))
        .hasMessageContaining("there is no such file");
    assertThatThrownBy(() -> KeyFile.read(file("keys: [")))
        .hasMessageContaining("not well-formed YAML");
  }

  @Test
  void names_and_keys_are_there_once() throws Exception {
    String a = ApiKey.hashOf("a");
    Path file = file("keys: [{name: n, sha256: %1$s}, {name: n, sha256: %1$s}]".formatted(a));
    assertThatThrownBy(() -> KeyFile.read(file))
        .hasMessageContaining("two keys are named 'n'")
        .hasMessageContaining("is there twice");
  }

  @Test
  void a_running_server_follows_the_file_and_keeps_good_keys_over_a_broken_one() throws Exception {
    Path file = folder.resolve("keys.yaml");
    ApiKey first = new ApiKey("a", "a", ApiKey.hashOf("1"), Set.of(Scope.MODELS), KeyLimits.NONE);
    KeyFile.write(file, List.of(first));
    LiveKeys live = new LiveKeys(file);
    Files.writeString(file, "keys: 3 # broken");
    live.refresh();
    assertThat(live.ring().find("1")).contains(first);
    KeyFile.write(file, List.of());
    live.refresh();
    assertThat(live.ring().find("1")).isEmpty();
  }

  @Test
  void tenants_have_cache_scopes_of_their_own() {
    ApiKey a = new ApiKey("a", "t", ApiKey.hashOf("1"), Scope.USUAL, KeyLimits.NONE);
    ApiKey b = new ApiKey("b", "t", ApiKey.hashOf("2"), Scope.USUAL, KeyLimits.NONE);
    ApiKey c = new ApiKey("c", "c", ApiKey.hashOf("3"), Scope.USUAL, KeyLimits.NONE);
    assertThat(a.cacheScope()).isEqualTo(b.cacheScope()).isNotEqualTo(c.cacheScope()).isNotZero();
  }
}

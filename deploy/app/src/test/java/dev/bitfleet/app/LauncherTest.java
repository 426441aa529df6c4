package dev.bitfleet.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher as a process, in a made-up clone with made-up JDKs: each {@code java} prints what it
 * was called with, and {@code mvnw} leaves a jar.
 */
class LauncherTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("bitfleet.repository"));

  /** What ./bitfleet itself runs; nothing else is on its PATH. */
  private static final List<String> TOOLS =
      List.of("sh", "dirname", "readlink", "sed", "head", "find", "date", "mkdir", "touch", "tail");

  @TempDir Path folder;

  private Path clone;
  private Path jar;
  private Path bin;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void make_a_clone_and_a_path() throws Exception {
    clone = folder.resolve("a clone, with spaces");
    jar = clone.resolve("deploy/app/target/bitfleet.jar");
    bin = Files.createDirectories(folder.resolve("bin"));
    Files.createDirectories(clone.resolve("worker/src/main/java"));
    Files.createDirectories(clone.resolve("deploy/app"));
    Files.writeString(clone.resolve("pom.xml"), "<project/>");
    Files.writeString(clone.resolve("worker/src/main/java/A.java"), "class A {}");
    // The copy looks for JDKs under the test's folder, not among this machine's.
    executable(
        clone.resolve("bitfleet"),
        Files.readString(REPOSITORY.resolve("bitfleet"))
            .replace(" /usr/", " " + folder + "/usr/")
            .replace(" /opt/", " " + folder + "/opt/"));
    executable(
        clone.resolve("mvnw"),
        """
        #!/bin/sh
        echo "$JAVA_HOME" > built-with
        echo "$@" > build-arguments
        echo jar > deploy/app/target/bitfleet.jar
        """);
    for (String tool : TOOLS) {
      provide(tool);
    }
    for (String tool : List.of("cmake", "g++", "make")) {
      executable(bin.resolve(tool), "#!/bin/sh\n");
    }
    environment.put("PATH", bin.toString());
    environment.put("HOME", folder.resolve("home").toString());
  }

  @Test
  void arguments_reach_java_untouched_from_any_folder_and_through_symbolic_links()
      throws Exception {
    Path jdk = jdk("usr/lib/jvm/temurin-25", "25.0.1");
    haveJar();
    Path link = folder.resolve("one link");
    Files.createSymbolicLink(link, Path.of("two"));
    Files.createSymbolicLink(folder.resolve("two"), clone.resolve("bitfleet"));

    Outcome outcome = run(link, "serve", "my model.gguf", "--port", "1", "$HOME *");

    assertThat(outcome.status()).isEqualTo(0);
    assertThat(outcome.out().getFirst()).isEqualTo("java of " + jdk);
    assertThat(outcome.out())
        .containsSubsequence(
            "[-jar]",
            "[" + jar + "]",
            "[serve]",
            "[my model.gguf]",
            "[--port]",
            "[1]",
            "[$HOME *]");
    assertThat(clone.resolve("built-with")).doesNotExist();
  }

  @Test
  void java_takes_the_launchers_place_so_that_signals_reach_it() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    haveJar();

    Process process = start(clone.resolve("bitfleet"));
    List<String> out = process.inputReader().lines().toList();

    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(out).contains("pid " + process.pid());
  }

  @Test
  void java_home_is_asked_first_and_an_old_one_passed_over() throws Exception {
    Path old = jdk("old", "17.0.9");
    Path chosen = jdk("chosen", "26-ea");
    Path usual = jdk("usr/lib/jvm/temurin-25", "25.0.1");
    haveJar();

    environment.put("JAVA_HOME", chosen.toString());
    assertThat(run(clone.resolve("bitfleet")).out()).startsWith("java of " + chosen);
    environment.put("JAVA_HOME", old.toString());
    assertThat(run(clone.resolve("bitfleet")).out()).startsWith("java of " + usual);
  }

  @Test
  void a_jdk_is_found_on_the_path_and_in_the_places_version_keepers_use() throws Exception {
    haveJar();
    for (String place : List.of("home/.sdkman/candidates/java/25-tem", "home/.jdks/temurin-25")) {
      Path jdk = jdk(place, "25");
      assertThat(run(clone.resolve("bitfleet")).out()).startsWith("java of " + jdk);
      Files.delete(jdk.resolve("bin/java"));
    }
    Path onPath = jdk("somewhere/jdk", "25");
    Files.createSymbolicLink(bin.resolve("java"), onPath.resolve("bin/java"));
    assertThat(run(clone.resolve("bitfleet")).out()).startsWith("java of " + onPath);
  }

  @Test
  void without_a_jdk_it_says_what_it_saw_and_what_to_install() throws Exception {
    Path old = jdk("usr/lib/jvm/openjdk-17", "17.0.9");
    haveJar();

    Outcome outcome = run(clone.resolve("bitfleet"));

    assertThat(outcome.status()).isEqualTo(127);
    assertThat(outcome.err())
        .anySatisfy(line -> assertThat(line).contains(old + " is version 17"))
        .anySatisfy(line -> assertThat(line).contains("apt-get install openjdk-25-jdk-headless"))
        .anySatisfy(line -> assertThat(line).contains("apt-get install temurin-25-jdk"));
  }

  @Test
  void a_missing_jar_is_built_with_the_jdk_that_was_found() throws Exception {
    Path jdk = jdk("usr/lib/jvm/temurin-25", "25");

    Outcome outcome = run(clone.resolve("bitfleet"), "version");

    assertThat(outcome.out()).contains("[version]");
    assertThat(outcome.err()).anySatisfy(line -> assertThat(line).contains("building"));
    assertThat(clone.resolve("built-with")).hasContent(jdk.toString());
    assertThat(Files.readString(clone.resolve("build-arguments")))
        .contains("package", "-DskipTests", "-Dbitfleet.commit=unknown");
  }

  @Test
  void a_jar_older_than_a_source_is_built_again_once() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    haveJar();
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(3600)));

    run(clone.resolve("bitfleet"));
    assertThat(clone.resolve("built-with")).exists();
    Files.delete(clone.resolve("built-with"));
    run(clone.resolve("bitfleet"));
    assertThat(clone.resolve("built-with")).doesNotExist();
  }

  @Test
  void tools_the_build_lacks_are_named_in_one_command() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    Files.delete(bin.resolve("cmake"));
    Files.delete(bin.resolve("g++"));

    Outcome outcome = run(clone.resolve("bitfleet"));

    assertThat(outcome.status()).isEqualTo(127);
    assertThat(outcome.err()).last().asString().endsWith("apt-get install cmake g++");
  }

  @Test
  void a_failed_build_shows_its_end_and_where_the_rest_is() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    executable(clone.resolve("mvnw"), "#!/bin/sh\necho 'ERROR: it broke'\nexit 1\n");

    Outcome outcome = run(clone.resolve("bitfleet"));

    assertThat(outcome.status()).isEqualTo(70);
    assertThat(outcome.err()).contains("ERROR: it broke");
    assertThat(outcome.err()).last().asString().endsWith("deploy/app/target/build.log");
  }

  @Test
  void an_installed_copy_runs_the_jar_beside_it_and_needs_no_compiler() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    Path installed = Files.createDirectories(folder.resolve("usr/local/lib/bitfleet"));
    Files.copy(clone.resolve("bitfleet"), installed.resolve("bitfleet"));
    Files.writeString(installed.resolve("bitfleet.jar"), "jar");
    Files.delete(bin.resolve("cmake"));

    assertThat(run(installed.resolve("bitfleet")).out())
        .contains("[" + installed.resolve("bitfleet.jar") + "]");
  }

  @Test
  void more_options_for_the_jvm_come_from_the_environment() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    haveJar();
    environment.put("BITFLEET_JAVA_OPTS", "-Xmx2g -Da=b");

    assertThat(run(clone.resolve("bitfleet")).out())
        .containsSubsequence("[-Xmx1g]", "[-Xmx2g]", "[-Da=b]", "[-jar]");
  }

  @Test
  void the_first_serve_rehearses_and_later_ones_begin_where_it_ended() throws Exception {
    jdk("usr/lib/jvm/temurin-25", "25");
    haveJar();
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(5)));
    Files.setLastModifiedTime(
        clone.resolve("worker/src/main/java/A.java"), FileTime.from(Instant.EPOCH));
    Files.setLastModifiedTime(clone.resolve("pom.xml"), FileTime.from(Instant.EPOCH));
    Path cache = jar.resolveSibling("bitfleet.aot");

    Outcome first = run(clone.resolve("bitfleet"), "serve");
    Outcome second = run(clone.resolve("bitfleet"), "serve");

    assertThat(first.err()).anySatisfy(line -> assertThat(line).contains("rehearsing once"));
    assertThat(Files.readString(jar.resolveSibling("rehearsal.log"))).contains("[rehearse]");
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).containsSubsequence("[-XX:AOTCache=" + cache + "]", "[-jar]");
  }

  @Test
  void a_rehearsal_that_fails_is_not_repeated_and_keeps_nobody_from_serving() throws Exception {
    Path jdk = jdk("usr/lib/jvm/temurin-25", "25");
    executable(
        jdk.resolve("bin/java"),
        "#!/bin/sh\ncase \"$*\" in *rehearse*) exit 1;; esac\nfor a; do echo \"[$a]\"; done\n");
    haveJar();
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().minusSeconds(5)));
    Files.setLastModifiedTime(
        clone.resolve("worker/src/main/java/A.java"), FileTime.from(Instant.EPOCH));
    Files.setLastModifiedTime(clone.resolve("pom.xml"), FileTime.from(Instant.EPOCH));

    assertThat(run(clone.resolve("bitfleet"), "serve").out()).contains("[serve]");
    Outcome second = run(clone.resolve("bitfleet"), "serve");
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).contains("[serve]").noneMatch(word -> word.contains("AOTCache"));
  }

  private record Outcome(int status, List<String> out, List<String> err) {}

  private Outcome run(Path launcher, String... arguments) throws Exception {
    Path err = folder.resolve("err");
    Process process = start(launcher, arguments);
    List<String> out = process.inputReader(StandardCharsets.UTF_8).lines().toList();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return new Outcome(process.exitValue(), out, Files.readAllLines(err));
  }

  private Process start(Path launcher, String... arguments) throws IOException {
    var command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.redirectError(folder.resolve("err").toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  private void haveJar() throws IOException {
    Files.createDirectories(jar.getParent());
    Files.writeString(jar, "jar");
  }

  private Path jdk(String place, String version) throws IOException {
    Path jdk = folder.resolve(place);
    Files.createDirectories(jdk.resolve("bin"));
    Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    executable(jdk.resolve("bin/javac"), "#!/bin/sh\n");
    executable(
        jdk.resolve("bin/java"),
        """
        #!/bin/sh
        echo 'java of %s'
        echo "pid $$"
        for a; do
          echo "[$a]"
          case $a in -XX:AOTCacheOutput=*) echo cache > "${a#*=}" ;; esac
        done
        """
            .formatted(jdk));
    return jdk;
  }

  private void provide(String tool) throws IOException {
    for (String place : List.of("/usr/bin/", "/bin/")) {
      if (Files.isExecutable(Path.of(place + tool))) {
        executable(bin.resolve(tool), "#!/bin/sh\nexec %s%s \"$@\"\n".formatted(place, tool));
        return;
      }
    }
    throw new IllegalStateException(tool + " is not installed");
  }

  private static void executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}

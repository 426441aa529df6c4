package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the tests under src/test/js on Node: OpenAI's own package, LangChain and the AI SDK. Every
 * answer and every event they get is held against the API document of this server, and against
 * OpenAI's when the system property {@code bitfleet.openai-document} names a copy of it.
 */
class NodeClientIT {
  private static final int LEAST_NODE = 20;

  @TempDir Path folder;

  @Test
  void openais_package_langchain_and_the_ai_sdk_get_right_answers() throws Exception {
    needNode();
    Path js = folder.resolve("js");
    copy(Installation.repository().resolve("deploy/acceptance/src/test/js"), js);
    Exit installed =
        Exit.of(js, Map.of(), Duration.ofMinutes(3), List.of("npm", "ci", "--loglevel=error"));
    assertThat(installed.status()).as(installed.out() + installed.err()).isZero();

    RandomModel.embedding(folder, folder.resolve("data/models/embed.gguf"), "last");
    try (var bitfleet = BitfleetProcess.start(folder, "bitfleet-demo", "embed")) {
      Exit tests =
          Exit.of(
              js,
              environment(bitfleet),
              Duration.ofMinutes(4),
              List.of("node", "--test", "--test-reporter=tap"));
      System.out.println(
          tests.out().lines().filter(line -> line.matches("# (tests|pass|fail) .*")).toList());
      assertThat(tests.status()).as(tests.out() + tests.err()).isZero();
      assertThat(tests.out()).contains("# fail 0").doesNotContain("# tests 0");
    }
  }

  private static Map<String, String> environment(BitfleetProcess bitfleet) {
    Map<String, String> environment = new HashMap<>();
    environment.put("BITFLEET_URL", bitfleet.api().toString());
    String document = System.getProperty("bitfleet.openai-document", "");
    if (document.isEmpty()) {
      System.err.println("!!!! NOT TESTED against OpenAI's API document: none is named");
    } else {
      environment.put("BITFLEET_OPENAI_DOCUMENT", document);
    }
    return environment;
  }

  @Test
  void the_lock_names_no_host() throws Exception {
    assertThat(
            Files.readString(
                Installation.repository()
                    .resolve("deploy/acceptance/src/test/js/package-lock.json")))
        .doesNotContain("://")
        .contains("\"integrity\"");
  }

  /** Missing on a developer's machine it is said loudly; in CI it is a failure. */
  private void needNode() throws Exception {
    String problem = nodeProblem();
    if (problem.isEmpty()) {
      return;
    }
    if (System.getenv("CI") != null) {
      throw new AssertionError(problem);
    }
    System.err.println("!!!! NOT TESTED with the openai package of npm: " + problem);
    abort(problem);
  }

  private String nodeProblem() throws Exception {
    for (String program : List.of("node", "npm")) {
      try {
        Exit version =
            Exit.of(folder, Map.of(), Duration.ofSeconds(20), List.of(program, "--version"));
        String text = version.out().strip();
        if (program.equals("node")
            && Integer.parseInt(text.replaceFirst("^v", "").split("\\.", -1)[0]) < LEAST_NODE) {
          return "node is " + text + ", and the package needs " + LEAST_NODE;
        }
      } catch (java.io.IOException e) {
        return program + " is not installed (apt-get install nodejs npm)";
      }
    }
    return "";
  }

  private static void copy(Path from, Path to) throws java.io.IOException {
    try (Stream<Path> tree = Files.walk(from, FileVisitOption.FOLLOW_LINKS)) {
      for (Path source : tree.filter(path -> !path.toString().contains("node_modules")).toList()) {
        Path target = to.resolve(from.relativize(source).toString());
        if (Files.isDirectory(source)) {
          Files.createDirectories(target);
        } else {
          Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }
}

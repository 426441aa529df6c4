package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the tests under src/test/js: the {@code openai} package from npm, on Node. */
class NodeClientIT {
  private static final int LEAST_NODE = 20;

  @TempDir Path folder;

  @Test
  void the_openai_package_of_npm_gets_right_answers() throws Exception {
    needNode();
    Path js = folder.resolve("js");
    copy(Installation.repository().resolve("deploy/acceptance/src/test/js"), js);
    Exit installed =
        Exit.of(js, Map.of(), Duration.ofMinutes(3), List.of("npm", "ci", "--loglevel=error"));
    assertThat(installed.status()).as(installed.out() + installed.err()).isZero();

    try (var bitfleet = BitfleetProcess.start(folder)) {
      Exit tests =
          Exit.of(
              js,
              Map.of("BITFLEET_URL", bitfleet.api().toString()),
              Duration.ofMinutes(2),
              List.of("node", "--test", "--test-reporter=tap"));
      System.out.println(
          tests.out().lines().filter(line -> line.matches("# (tests|pass|fail) .*")).toList());
      assertThat(tests.status()).as(tests.out() + tests.err()).isZero();
      assertThat(tests.out()).contains("# fail 0").doesNotContain("# tests 0");
    }
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

package dev.bitfleet.app.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * docs/WALKTHROUGH.md names the classes and files on the way of a request; whatever it puts in
 * back-ticks has to be there.
 */
class WalkthroughTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("bitfleet.repository"));
  private static final Path DOCUMENT = REPOSITORY.resolve("docs/WALKTHROUGH.md");

  private static final Pattern BACK_TICKED = Pattern.compile("(?<!`)`([^`\n]+)`(?!`)");
  private static final Pattern QUALIFIED =
      Pattern.compile("(dev\\.bitfleet(?:\\.[a-z0-9]+)+)\\.([A-Z]\\w*(?:\\.[A-Z]\\w*)*)");
  private static final Pattern CLASS =
      Pattern.compile("[A-Z][a-z0-9]+[A-Za-z0-9]*(?:\\.[A-Z]\\w*)*");
  private static final Pattern FILE =
      Pattern.compile("[\\w./-]+\\.(?:h|cpp|inl|proto|java|md|yaml|json)");

  /** Words in back-ticks that look like classes and are none. */
  private static final Set<String> NOT_CLASSES = Set.of("Retry-After", "Content-Type", "Accept");

  @Test
  void every_class_and_file_it_names_exists() throws IOException {
    Names names = names(Files.readString(DOCUMENT));

    assertThat(names.classes().size() + names.files().size())
        .as("names found in %s", DOCUMENT)
        .isGreaterThan(10);
    assertThat(missing(names)).isEmpty();
  }

  @Test
  void a_class_or_file_that_is_gone_would_be_noticed() throws IOException {
    Names names =
        names("`dev.bitfleet.gateway.NoSuch`, `GoneVerticle` → `src/nowhere.cpp`, `BusAddresses`");

    assertThat(missing(names))
        .containsExactly("dev.bitfleet.gateway.NoSuch", "GoneVerticle", "src/nowhere.cpp");
  }

  private record Names(List<String> classes, List<String> files) {}

  private static Names names(String document) {
    var classes = new ArrayList<String>();
    var files = new ArrayList<String>();
    Matcher matcher = BACK_TICKED.matcher(document);
    while (matcher.find()) {
      String name = matcher.group(1).strip();
      if (FILE.matcher(name).matches()) {
        files.add(name);
      } else if (QUALIFIED.matcher(name).matches()
          || (CLASS.matcher(name).matches() && !NOT_CLASSES.contains(name))) {
        classes.add(name);
      }
    }
    return new Names(classes, files);
  }

  private static List<String> missing(Names names) throws IOException {
    List<Path> sources = sources();
    Set<String> qualified = new TreeSet<>();
    Set<String> simple = new TreeSet<>();
    for (Path source : sources) {
      String path = source.toString();
      if (path.endsWith(".java")) {
        String type = source.getFileName().toString().replace(".java", "");
        simple.add(type);
        int root = path.indexOf("/dev/bitfleet/");
        if (root >= 0) {
          qualified.add(path.substring(root + 1).replace(".java", "").replace('/', '.'));
        }
      }
    }
    // Messages of the protocols, classes of the engine and of libraries are named by what defines
    // them.
    String declared =
        sources.stream()
            .filter(path -> path.toString().matches(".*\\.(h|proto|java)"))
            .map(WalkthroughTest::read)
            .collect(Collectors.joining("\n"));
    var missing = new ArrayList<String>();
    for (String name : names.classes()) {
      String outer = name.startsWith("dev.bitfleet.") ? outermost(name) : name.split("\\.", -1)[0];
      boolean there =
          name.startsWith("dev.bitfleet.")
              ? qualified.contains(outer)
              : simple.contains(outer)
                  || Pattern.compile(
                          "\\b(class|struct|message|record|interface|enum)\\s+" + outer + "\\b")
                      .matcher(declared)
                      .find();
      if (!there) {
        missing.add(name);
      }
    }
    for (String file : names.files()) {
      if (sources.stream().noneMatch(source -> source.endsWith(Path.of(file)))
          && !Files.exists(REPOSITORY.resolve(file))) {
        missing.add(file);
      }
    }
    return missing;
  }

  private static String outermost(String name) {
    Matcher matcher = QUALIFIED.matcher(name);
    return matcher.matches() ? matcher.group(1) + "." + matcher.group(2).split("\\.", -1)[0] : name;
  }

  private static List<Path> sources() throws IOException {
    var sources = new ArrayList<Path>();
    for (String module : List.of("shared-proto", "worker", "gateway", "deploy", "docs")) {
      try (Stream<Path> tree = Files.walk(REPOSITORY.resolve(module))) {
        tree.filter(Files::isRegularFile)
            .filter(path -> !path.toString().contains("/target/"))
            .forEach(sources::add);
      }
    }
    return sources;
  }

  private static String read(Path path) {
    try {
      return Files.readString(path);
    } catch (IOException e) {
      return "";
    }
  }
}

package dev.bitfleet.app.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.Main;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What the profile {@code image} of this module's pom says of the container. */
class ImageTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("bitfleet.repository"));

  /** Texts of all elements of that name in the pom. */
  private static List<String> elements(String name) {
    try {
      Element pom =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(REPOSITORY.resolve("deploy/app/pom.xml").toFile())
              .getDocumentElement();
      NodeList found = pom.getElementsByTagName(name);
      return IntStream.range(0, found.getLength())
          .mapToObj(i -> found.item(i).getTextContent().strip())
          .toList();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** What the image is called. */
  static String name() {
    return "bitfleet:" + elements("version").getFirst();
  }

  /** Who the container runs as. */
  static String user() {
    return elements("user").getFirst();
  }

  /** Where it keeps what it keeps. */
  static String dataFolder() {
    return elements("BITFLEET_DATA_DIR").getFirst();
  }

  @Test
  void the_jvm_gets_the_flags_of_the_launcher() throws Exception {
    String launcher = Files.readString(REPOSITORY.resolve("bitfleet")).replace("\\\n", " ");
    String command =
        launcher
            .lines()
            .filter(line -> line.contains("exec \"$found/bin/java\""))
            .findFirst()
            .orElseThrow();

    assertThat(elements("jvmFlag"))
        .isEqualTo(
            List.of(command.strip().split("\\s+")).stream()
                .filter(word -> word.startsWith("-"))
                .toList());
  }

  @Test
  void it_starts_what_the_jar_starts_as_nobody_special() {
    assertThat(elements("mainClass")).containsOnly(Main.class.getName()).hasSize(2);
    assertThat(user()).matches("[1-9]\\d{4}:[1-9]\\d{4}");
  }

  @Test
  void the_base_is_pinned_by_its_digest() {
    assertThat(elements("image.base").getFirst()).matches("eclipse-temurin@sha256:[0-9a-f]{64}");
  }

  @Test
  void a_new_volume_is_writable_and_a_volume() {
    assertThat(elements("file")).contains(dataFolder());
    assertThat(elements("volume")).containsExactly(dataFolder());
    assertThat(REPOSITORY.resolve("deploy/app/src/main/jib" + dataFolder())).isDirectory();
  }
}

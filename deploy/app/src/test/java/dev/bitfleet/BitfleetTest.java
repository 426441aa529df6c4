package dev.bitfleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.bitfleet.gateway.http.RouteAnswer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that has Bitfleet within it, with the real engine and the demo model. */
class BitfleetTest {
  @TempDir Path folder;

  private Bitfleet.Builder builder() {
    return Bitfleet.builder()
        .set("port", "0")
        .set("management-port", "0")
        .set("data-dir", folder.toString());
  }

  private static StartException failure(Bitfleet.Builder builder) {
    return catchThrowableOfType(StartException.class, () -> builder.start().close());
  }

  @Test
  void it_answers_chats_and_the_programs_own_routes_until_it_is_closed() throws Exception {
    URI url;
    try (HttpClient http = HttpClient.newHttpClient();
        Bitfleet bitfleet =
            builder()
                .route("GET", "/hello", request -> RouteAnswer.json(200, "{\"hello\":\"world\"}"))
                .start()) {
      url = bitfleet.url();
      assertThat(bitfleet.awaitReady()).hasSize(1);
      HttpResponse<String> hello =
          http.send(
              HttpRequest.newBuilder(url.resolve("/hello")).build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(hello.body()).isEqualTo("{\"hello\":\"world\"}");
      HttpResponse<String> chat =
          http.send(
              HttpRequest.newBuilder(url.resolve("/v1/chat/completions"))
                  .header("content-type", "application/json")
                  .POST(
                      HttpRequest.BodyPublishers.ofString(
                          "{\"temperature\":0,\"messages\":[{\"role\":\"user\","
                              + "\"content\":\"What is the capital of France?\"}]}"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(chat.body()).contains("Paris");
    }
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest late = HttpRequest.newBuilder(url.resolve("/hello")).build();
      assertThat(
              catchThrowableOfType(
                  IOException.class, () -> http.send(late, HttpResponse.BodyHandlers.ofString())))
          .isNotNull();
    }
  }

  @Test
  void a_kernel_set_is_chosen_by_name_and_refused_where_the_machine_lacks_it() throws Exception {
    boolean arm = System.getProperty("os.arch", "").equals("aarch64");
    try (Bitfleet bitfleet = builder().set("kernel", "scalar").start()) {
      assertThat(bitfleet.awaitReady().getFirst().kernel()).isEqualTo("scalar");
    }
    StartException refusal = failure(builder().set("kernel", arm ? "avx2" : "neon"));
    assertThat(refusal.reason()).isEqualTo(StartException.Reason.CONFIGURATION);
    assertThat(refusal)
        .hasMessageContaining(
            "kernel: it has no " + (arm ? "avx2" : "neon") + "; it can run scalar");
  }

  @Test
  void a_data_folder_that_cannot_be_written_to_is_named_with_its_setting() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    Path closed =
        Files.createDirectory(
            folder.resolve("closed"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("r-xr-xr-x")));
    var reasons = new LinkedHashMap<Path, String>();
    reasons.put(file, "a file has its place");
    reasons.put(file.resolve("below"), "not a directory");
    // The administrator may write everywhere.
    if (!Files.isWritable(closed)) {
      reasons.put(closed, "permission denied");
      reasons.put(closed.resolve("below"), "permission denied");
    }

    reasons.forEach(
        (path, reason) -> {
          StartException refusal = failure(builder().set("data-dir", path.toString()));
          assertThat(refusal.reason()).isEqualTo(StartException.Reason.CONFIGURATION);
          assertThat(refusal)
              .hasMessage(
                  "data-dir: %s cannot be written to: %s."
                      + " Let this user write there, or name another folder with --data-dir",
                  path, reason);
        });
  }

  @Test
  void what_keeps_it_from_starting_is_told_apart() {
    assertThat(failure(builder().set("slotz", "3")).reason())
        .isEqualTo(StartException.Reason.CONFIGURATION);
    assertThat(failure(builder().set("slots", "none")).reason())
        .isEqualTo(StartException.Reason.CONFIGURATION);
    assertThat(failure(builder().model("nobody/nothing")).reason())
        .isEqualTo(StartException.Reason.NO_MODEL);
  }
}

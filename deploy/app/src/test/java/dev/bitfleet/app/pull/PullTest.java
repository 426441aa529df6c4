package dev.bitfleet.app.pull;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.app.pull.PullException.Reason;
import dev.bitfleet.worker.home.ModelOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PullTest {
  private static final Patience SHORT =
      new Patience(
          Duration.ofSeconds(5),
          Duration.ofMillis(300),
          3,
          Duration.ofMillis(1),
          Duration.ofMillis(4));

  @TempDir Path home;

  private final byte[] model = new byte[300_000];
  private final Said said = new Said();
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    new Random(7).nextBytes(model);
    hub = new FakeHub();
    hub.large("ggml-model-i2_s.gguf", model);
    hub.small("README.md", "# hello");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  @Test
  void a_model_comes_whole_with_its_origin_and_its_licence_is_shown() throws Exception {
    List<Path> files = pull("me/model");

    Path file = home.resolve("me/model/ggml-model-i2_s.gguf");
    assertThat(files).containsExactly(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(model);
    assertThat(ModelOrigin.of(file))
        .contains(
            new ModelOrigin(
                "me/model",
                FakeHub.COMMIT,
                FakeHub.sha256(model),
                model.length,
                Optional.of("mit"),
                "2026-11-21T05:00:00Z"));
    assertThat(said.lines).contains("Licence: mit");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void what_is_there_already_is_not_fetched_again() throws Exception {
    pull("me/model");
    int before = hub.cdnRequests.size();

    pull("me/model");

    assertThat(hub.cdnRequests).hasSize(before);
    assertThat(said.lines).contains("ggml-model-i2_s.gguf is here already");
  }

  @Test
  void dropped_connections_are_taken_up_where_they_broke() throws Exception {
    hub.drops.set(7);
    hub.dropAfter = 40_000;

    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
    assertThat(hub.cdnRequests).hasSize(8);
    assertThat(hub.cdnRequests.subList(1, 8))
        .allMatch(each -> each.matches("bytes=[1-9]\\d*-\\|\"one\"\\|-"));
  }

  @Test
  void a_later_pull_goes_on_where_an_earlier_one_gave_up() throws Exception {
    hub.drops.set(1);
    hub.dropAfter = 100_000;
    hub.hang = true;
    Thread first =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    pull("me/model");
                  } catch (PullException | InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    await(() -> said.done >= 100_000);
    first.interrupt();
    first.join();
    int before = hub.cdnRequests.size();

    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
    assertThat(hub.cdnRequests.get(before)).startsWith("bytes=100000-");
  }

  @Test
  void a_server_that_ignores_ranges_is_asked_for_everything_and_believed() throws Exception {
    hub.ranges = false;
    hub.drops.set(1);

    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
  }

  @Test
  void a_server_that_turns_a_range_down_is_asked_for_everything() throws Exception {
    hub.drops.set(1);
    hub.answers416 = true;

    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
  }

  @Test
  void another_etag_starts_over() throws Exception {
    hub.drops.set(2);
    hub.dropAfter = 50_000;
    CompletableFuture<Void> changed =
        CompletableFuture.runAsync(
            () -> {
              await(() -> hub.cdnRequests.size() == 1);
              hub.etag = "\"two\"";
            });

    pull("me/model");
    changed.join();

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
  }

  @Test
  void silence_is_a_broken_connection() throws Exception {
    hub.drops.set(1);
    hub.hang = true;

    long began = System.nanoTime();
    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofMillis(2500));
  }

  @Test
  void wrong_bytes_are_not_kept() throws Exception {
    hub.spoil = true;

    refused("me/model", Reason.CORRUPT, "checksum differs");

    assertThat(file()).doesNotExist();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  void a_partial_that_somebody_spoilt_is_fetched_again() throws Exception {
    Path partial = home.resolve(".pull").resolve(FakeHub.sha256(model) + ".partial");
    Files.createDirectories(partial.getParent());
    Files.write(partial, new byte[1000]);

    pull("me/model");

    assertThat(Files.readAllBytes(file())).isEqualTo(model);
    assertThat(said.lines).anyMatch(line -> line.contains("fetching all of it again"));
  }

  @Test
  void the_token_goes_to_the_hub_and_nowhere_else() throws Exception {
    hub.tokenNeeded = Optional.of("hf_secret");

    pull("me/model", "main", Optional.of("hf_secret\n"));

    assertThat(hub.hubAuthorizations).isNotEmpty().allMatch("Bearer hf_secret"::equals);
    assertThat(hub.cdnRequests).isNotEmpty().allMatch(each -> each.endsWith("|-"));
  }

  @Test
  void a_gate_says_what_opens_it() {
    hub.tokenNeeded = Optional.of("hf_secret");
    hub.gate = "GatedRepo";

    refused("me/model", Reason.FORBIDDEN, "accept its terms at " + hub.url() + "/me/model");
    assertThatThrownBy(() -> pull("me/model", "main", Optional.of("hf_other")))
        .hasMessageContaining("no access yet");
  }

  @Test
  void a_private_or_missing_repository_is_told_as_what_the_hub_lets_one_know() {
    hub.tokenNeeded = Optional.of("hf_secret");

    refused("me/model", Reason.FORBIDDEN, "or it is private");
  }

  @Test
  void what_is_missing_is_named() {
    refused("me/other", Reason.MISSING, "there is no repository me/other");
    refused("me/model:q8.gguf", Reason.MISSING, "name one of\n  me/model:ggml-model-i2_s.gguf");
    assertThatThrownBy(() -> pull("me/model", "nope", Optional.empty()))
        .hasMessageContaining("no revision 'nope'");
  }

  @Test
  void several_models_are_listed_and_one_is_chosen_by_name() throws Exception {
    hub.large("q8/model-q8.gguf", new byte[5]);

    refused("me/model", Reason.UNCLEAR, "me/model:q8/model-q8.gguf  (0.0 kB)");

    assertThat(pull("me/model:model-q8"))
        .containsExactly(home.resolve("me/model/q8/model-q8.gguf"));
    assertThat(pull("me/model:ggml-model-i2_s.gguf")).containsExactly(file());
  }

  @Test
  void a_repository_without_gguf_says_so() throws Exception {
    hub.close();
    hub = new FakeHub();
    hub.large("model.safetensors", new byte[5]);

    refused("me/model", Reason.MISSING, "-gguf");
  }

  @Test
  void an_adapter_is_its_two_files() throws Exception {
    hub.close();
    hub = new FakeHub();
    hub.large("adapter_model.safetensors", new byte[64]);
    hub.small("adapter_config.json", "{\"r\":8}");
    hub.card = "\"license\":[\"apache-2.0\"],\"base_model\":\"me/base\"";

    assertThat(pull("me/model"))
        .containsExactly(
            home.resolve("me/model/adapter_config.json"),
            home.resolve("me/model/adapter_model.safetensors"));
    assertThat(said.lines).contains("Licence: apache-2.0", "Made from: me/base");
  }

  @Test
  void names_that_lead_out_of_the_home_are_not_even_choices() throws Exception {
    hub.close();
    hub = new FakeHub();
    hub.large("../../../evil.gguf", new byte[5]);
    hub.large("/etc/evil.gguf", new byte[5]);
    hub.large("a/b/c/d.gguf", new byte[5]);
    hub.large(".hidden.gguf", new byte[5]);

    refused("me/model", Reason.MISSING, "no GGUF");
    for (String name : List.of("x", "../x", "a/b/c", "a/..", "a/b:../c.gguf", "a/b c", "")) {
      refused(name, Reason.UNCLEAR, "no ");
    }
  }

  @Test
  void a_hub_that_is_busy_is_asked_again_and_not_for_ever() throws Exception {
    hub.hubFailures.set(2);
    assertThat(pull("me/model")).hasSize(1);

    hub.hubFailures.set(100);
    refused("me/model", Reason.UNREACHABLE, "503");
  }

  @Test
  void a_redirect_off_https_is_not_followed() {
    hub.redirectTo = Optional.of("http://192.0.2.1/model");
    refused("me/model", Reason.UNREACHABLE, "without https");
    assertThatThrownBy(() -> Endpoint.of("http://mirror.example", Optional.empty()))
        .hasMessageContaining("is not https");
  }

  @Test
  void two_pulls_at_once_fetch_it_once() throws Exception {
    hub.drops.set(3);
    hub.dropAfter = 30_000;
    List<CompletableFuture<List<Path>>> both = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      both.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return pull("me/model");
                } catch (PullException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }));
    }
    for (CompletableFuture<List<Path>> each : both) {
      assertThat(each.get()).containsExactly(file());
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(model);
    assertThat(hub.cdnRequests).hasSize(4);
  }

  private Path file() {
    return home.resolve("me/model/ggml-model-i2_s.gguf");
  }

  private List<Path> leftovers() throws IOException {
    try (Stream<Path> all = Files.walk(home)) {
      return all.filter(each -> each.toString().contains(".partial")).toList();
    }
  }

  private List<Path> pull(String name) throws PullException, InterruptedException {
    return pull(name, "main", Optional.empty());
  }

  private List<Path> pull(String name, String revision, Optional<String> token)
      throws PullException, InterruptedException {
    return new Pull(
            Endpoint.of(hub.url(), token),
            home,
            "bitfleet/test",
            said,
            Clock.fixed(Instant.parse("2026-11-21T05:00:00Z"), ZoneOffset.UTC),
            SHORT)
        .run(Wanted.parse(name, revision));
  }

  private void refused(String name, Reason reason, String part) {
    assertThatThrownBy(() -> pull(name))
        .isInstanceOfSatisfying(PullException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(part);
  }

  private static void await(java.util.function.BooleanSupplier condition) {
    long deadline = System.nanoTime() + 5_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  /** What a person would have read. */
  private static final class Said implements Progress {
    final List<String> lines = new java.util.concurrent.CopyOnWriteArrayList<>();
    volatile long done;

    @Override
    public void say(String line) {
      lines.add(line);
    }

    @Override
    public void begin(String file, long at, long total) {
      done = at;
    }

    @Override
    public void at(long at) {
      done = at;
    }

    @Override
    public void end() {}
  }
}

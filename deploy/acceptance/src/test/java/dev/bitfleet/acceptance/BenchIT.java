package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code bitfleet bench} from the outside; how fast anything is does not matter here. */
@Tag("alone")
class BenchIT {
  @TempDir Path folder;

  @Test
  void figures_of_both_servers_and_of_the_machine_are_written() throws Exception {
    Path json = folder.resolve("figures.json");

    Exit exit =
        Exit.of(
            folder,
            Map.of(),
            Duration.ofMinutes(4),
            Installation.command(
                List.of(
                    "bench",
                    "--shape",
                    "tiny",
                    "--threads",
                    "1",
                    "--streams",
                    "1,2",
                    "--prompt",
                    "128",
                    "--generate",
                    "256",
                    "--rounds",
                    "1",
                    "--vs-limit",
                    "--kernel",
                    "scalar",
                    "--against",
                    "twin=" + twin(),
                    "--against",
                    "broken=/bin/false",
                    "--json",
                    json.toString(),
                    "--data-dir",
                    folder.resolve("data").toString())));

    assertThat(exit.status()).as(exit.out() + exit.err()).isZero();
    JsonNode told = JsonMapper.shared().readTree(Files.readString(json));
    for (String path :
        new String[] {
          "/prefill_tok_s",
          "/decode_tok_s",
          "/streams/1",
          "/streams/2",
          "/ttft_s",
          "/rss_mb",
          "/load_s",
          "/limit/bandwidth_gb_s",
          "/limit/int8_tops",
          "/limit/decode_share",
          "/limit/prefill_share",
          "/peers/twin/decode_tok_s",
          "/peers/twin/ratio/prefill_tok_s",
        }) {
      assertThat(told.at(path).asDouble()).as(path).isPositive();
    }
    assertThat(told.at("/limit/int8_unit").asString()).isEqualTo("128-bit vectors");
    assertThat(told.at("/second_turn/recomputed").isNumber()).isTrue();
    assertThat(exit.out()).contains("decode, 1 stream").contains("twin").contains("(ours: ");
    assertThat(told.at("/peers/broken/broke_off").asInt())
        .as("what breaks off costs nobody else's figures")
        .isEqualTo(1);
  }

  @Test
  void what_makes_no_sense_is_refused_before_anything_is_started() throws Exception {
    assertThat(refusal("--threads", "0")).contains("--threads").contains("1 to 1024");
    assertThat(refusal("--streams", "1,,2")).contains("--streams");
    assertThat(refusal("--shape", "huge")).contains("2b4t");
    assertThat(refusal("--kernel", "sse")).contains("--kernel").contains("sse");
    assertThat(refusal("--against", "nameless")).contains("NAME=PROGRAM");
    assertThat(refusal("--against", "a=" + folder)).contains("cannot be run");
    assertThat(refusal("--json", folder.resolve("no/such/folder.json").toString()))
        .contains("cannot be written");
  }

  private String refusal(String option, String value) throws Exception {
    Exit exit =
        Exit.ofBitfleet(
            folder, "bench", option, value, "--data-dir", folder.resolve("data").toString());
    assertThat(exit.status()).as(exit.out() + exit.err()).isEqualTo(64);
    return exit.err();
  }

  /**
   * A second Bitfleet that takes llama-server's arguments: it speaks llama-server's protocol
   * anyway.
   */
  private Path twin() throws Exception {
    Path script = folder.resolve("twin");
    Files.writeString(
        script,
        """
        #!/bin/sh
        while [ $# -gt 0 ]; do
          case $1 in
            --model) model=$2 ;;
            --port) port=$2 ;;
            --threads) threads=$2 ;;
            --parallel) slots=$2 ;;
            --ctx-size) all=$2 ;;
          esac
          shift 2
        done
        exec '%s' -jar '%s' serve "$model" --port "$port" --management-port 0 --data-dir '%s' \\
          --threads "$threads" --workers 1 --slots "$slots" --ctx-size $((all / slots))
        """
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                Installation.jar(),
                folder.resolve("twin-data")));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    return script;
  }
}

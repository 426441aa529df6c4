package dev.bitfleet.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.config.Setting;
import dev.bitfleet.app.config.Settings;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

class CommandLineTest {
  @TempDir Path folder;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void the_help_of_serve_names_every_setting() {
    assertThat(run("serve", "--help")).isZero();
    for (Setting<?> setting : Settings.ALL) {
      if (setting != Settings.MODEL_NAME) {
        assertThat(out.toString()).contains(setting.flag());
      }
    }
    assertThat(out.toString()).contains("MODEL", "--config");
  }

  @Test
  void flags_become_the_text_of_settings() {
    ParseResult serve =
        line()
            .parseArgs(
                "serve", "--port", "x", "--allow-unauthenticated", "my.gguf", "--config", "c.yaml")
            .subcommand();

    assertThat(SettingOptions.given(serve))
        .isEqualTo(Map.of("model", "my.gguf", "port", "x", "allow-unauthenticated", "true"));
    assertThat(SettingOptions.file(serve)).contains("c.yaml");
  }

  @Test
  void a_misspelt_flag_is_a_usage_error_with_a_suggestion() {
    assertThat(run("serve", "--prot", "80")).isEqualTo(ExitCode.USAGE.number());
    assertThat(err.toString()).contains("--prot").contains("--port");
  }

  @Test
  void a_misspelt_command_is_a_usage_error() {
    assertThat(run("sevre")).isEqualTo(ExitCode.USAGE.number());
    assertThat(err.toString()).contains("sevre").contains("serve");
  }

  @Test
  void no_command_prints_the_usage() {
    assertThat(run()).isEqualTo(ExitCode.USAGE.number());
    assertThat(err.toString()).contains("serve", "doctor", "version");
  }

  @Test
  void wrong_values_are_a_configuration_error_that_lists_them_all() {
    assertThat(run("serve", "--port", "x", "--slots", "0", "--host", "0.0.0.0"))
        .isEqualTo(ExitCode.CONFIGURATION.number());
    assertThat(err.toString()).contains("--port: ", "--slots: ", "--host: ");
  }

  @Test
  void a_missing_model_is_said_to_be_missing() {
    assertThat(
            run(
                "serve",
                "no-such-model",
                "--data-dir",
                folder.toString(),
                "--model-home",
                folder.toString()))
        .isEqualTo(ExitCode.NO_MODEL.number());
    assertThat(err.toString()).contains("there is no model 'no-such-model'");
  }

  @Test
  void every_exit_code_is_another_number() {
    assertThat(ExitCode.values()).extracting(ExitCode::number).doesNotHaveDuplicates();
  }

  private CommandLine line() {
    return BitfleetCommand.commandLine(new PrintWriter(out, true), new PrintWriter(err, true));
  }

  private int run(String... arguments) {
    return BitfleetCommand.run(arguments, new PrintWriter(out, true), new PrintWriter(err, true));
  }
}

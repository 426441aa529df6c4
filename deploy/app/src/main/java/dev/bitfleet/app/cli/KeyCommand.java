package dev.bitfleet.app.cli;

import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.gateway.keys.ApiKey;
import dev.bitfleet.gateway.keys.KeyFile;
import dev.bitfleet.gateway.keys.KeyFileException;
import dev.bitfleet.gateway.keys.KeyLimits;
import dev.bitfleet.gateway.keys.Scope;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code bitfleet key new|list|revoke}: the file of API keys. A running server follows the file. A
 * secret is shown once, when it is made; the file has only its hash.
 */
final class KeyCommand {
  private static final String TENANT = "--tenant";
  private static final String SCOPES = "--scopes";
  private static final String REQUESTS = "--requests-per-minute";
  private static final String TOKENS = "--tokens-per-minute";
  private static final String CONCURRENT = "--concurrent";

  private static final String NAME = "what the key is called";

  private KeyCommand() {}

  static CommandSpec spec() {
    CommandSpec spec = CommandSpec.create().mixinStandardHelpOptions(true);
    spec.usageMessage().description("Makes, lists and revokes API keys.");
    spec.addSubcommand("new", making());
    spec.addSubcommand("list", plain(KeyCommand::list, "Lists the keys, without their secrets."));
    CommandSpec revoking =
        plain(KeyCommand::revoke, "Revokes a key. A running server notices within a second.");
    Arguments.required(revoking, "NAME", NAME);
    spec.addSubcommand("revoke", revoking);
    return spec;
  }

  private static CommandSpec making() {
    CommandSpec spec = plain(KeyCommand::make, "Makes a key and prints its secret, this once.");
    Arguments.required(spec, "NAME", NAME);
    Arguments.option(spec, TENANT, "TENANT", "whom things belong to; the key's name when left out");
    Arguments.option(
        spec, SCOPES, "LIST", "of inference, conversations, models; the first two when left out");
    Arguments.option(spec, REQUESTS, "N", Integer.class, "requests a minute");
    Arguments.option(spec, TOKENS, "N", Long.class, "tokens a minute");
    Arguments.option(spec, CONCURRENT, "N", Integer.class, "requests at once");
    return spec;
  }

  private static CommandSpec plain(BitfleetCommand.Command command, String description) {
    CommandSpec spec = Arguments.command(command);
    spec.usageMessage().description(description);
    FewSettings.API_KEYS.addTo(spec);
    return spec;
  }

  private static ExitCode make(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws IOException {
    return withFile(
        arguments,
        err,
        (file, keys) -> {
          String name = arguments.matchedPositionalValue(0, "");
          if (named(keys, name).isPresent()) {
            err.println("bitfleet: there is a key named " + name + " already in " + file);
            return ExitCode.USAGE;
          }
          String secret = ApiKey.newSecret();
          ApiKey key;
          try {
            key =
                new ApiKey(
                    name,
                    arguments.matchedOptionValue(TENANT, name),
                    ApiKey.hashOf(secret),
                    scopes(arguments.matchedOptionValue(SCOPES, null)),
                    limits(arguments));
          } catch (IllegalArgumentException e) {
            err.println("bitfleet: " + e.getMessage());
            return ExitCode.USAGE;
          }
          keys.add(key);
          KeyFile.write(file, keys);
          out.println(secret);
          err.println(
              "Key "
                  + name
                  + " is in "
                  + file
                  + "; its secret is shown only now. A server started with --api-keys "
                  + file
                  + " takes it.");
          return ExitCode.OK;
        });
  }

  private static Set<Scope> scopes(@Nullable String list) {
    if (list == null) {
      return Scope.USUAL;
    }
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (String name : list.split(",", -1)) {
      scopes.add(
          Scope.of(name.strip().toLowerCase(Locale.ROOT))
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "unknown scope '"
                              + name.strip()
                              + "'; there are inference, conversations and models")));
    }
    return scopes;
  }

  private static KeyLimits limits(ParseResult arguments) {
    Integer requests = arguments.matchedOptionValue(REQUESTS, null);
    Long tokens = arguments.matchedOptionValue(TOKENS, null);
    Integer concurrent = arguments.matchedOptionValue(CONCURRENT, null);
    return new KeyLimits(
        requests == null ? OptionalInt.empty() : OptionalInt.of(requests),
        tokens == null ? OptionalLong.empty() : OptionalLong.of(tokens),
        concurrent == null ? OptionalInt.empty() : OptionalInt.of(concurrent));
  }

  private static ExitCode list(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws IOException {
    return withFile(
        arguments,
        err,
        (file, keys) -> {
          for (ApiKey key : keys) {
            out.println(line(key));
          }
          if (keys.isEmpty()) {
            err.println("There are no keys in " + file + ". 'bitfleet key new NAME' makes one.");
          }
          return ExitCode.OK;
        });
  }

  private static String line(ApiKey key) {
    var line = new StringBuilder(key.name());
    if (!key.tenant().equals(key.name())) {
      line.append(" of ").append(key.tenant());
    }
    line.append(": ")
        .append(
            key.scopes().stream().sorted().map(Scope::wireName).collect(Collectors.joining(", ")));
    key.limits()
        .requestsPerMinute()
        .ifPresent(n -> line.append(", ").append(n).append(" requests/min"));
    key.limits()
        .tokensPerMinute()
        .ifPresent(n -> line.append(", ").append(n).append(" tokens/min"));
    key.limits().concurrent().ifPresent(n -> line.append(", ").append(n).append(" at once"));
    return line.toString();
  }

  private static ExitCode revoke(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws IOException {
    return withFile(
        arguments,
        err,
        (file, keys) -> {
          String name = arguments.matchedPositionalValue(0, "");
          Optional<ApiKey> key = named(keys, name);
          if (key.isEmpty()) {
            err.println("bitfleet: there is no key named " + name + " in " + file);
            return ExitCode.USAGE;
          }
          keys.remove(key.get());
          KeyFile.write(file, keys);
          out.println("Revoked " + name);
          return ExitCode.OK;
        });
  }

  private static Optional<ApiKey> named(List<ApiKey> keys, String name) {
    return keys.stream().filter(key -> key.name().equals(name)).findFirst();
  }

  private interface OnKeys {
    ExitCode run(Path file, List<ApiKey> keys) throws IOException;
  }

  private static ExitCode withFile(ParseResult arguments, PrintWriter err, OnKeys action)
      throws IOException {
    Optional<ServeConfiguration> configuration = FewSettings.API_KEYS.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    Path file =
        configuration
            .get()
            .http()
            .keyFile()
            .orElseGet(() -> configuration.get().dataDir().resolve("keys.yaml"));
    try {
      return action.run(
          file, Files.exists(file) ? new ArrayList<>(KeyFile.read(file)) : new ArrayList<>());
    } catch (KeyFileException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.CONFIGURATION;
    }
  }
}

package dev.bitfleet.app.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is wrong between values that are each right. */
final class CrossChecks {
  private CrossChecks() {}

  static List<Problem> of(ResolvedSettings settings) {
    var problems = new ArrayList<Problem>();
    for (var host : List.of(Settings.HOST_NAME, Settings.MANAGEMENT_HOST)) {
      exposure(settings, host).ifPresent(problems::add);
    }
    int port = settings.get(Settings.PORT);
    if (port != 0 && port == settings.get(Settings.MANAGEMENT_PORT)) {
      problems.add(
          new Problem(
              stronger(settings, Settings.PORT, Settings.MANAGEMENT_PORT),
              "port and management-port are both " + port));
    }
    boolean foreign = settings.get(Settings.ENGINE) != EngineKind.BUILTIN;
    if (foreign && settings.get(Settings.ENGINE_BIN).isEmpty()) {
      problems.add(
          new Problem(
              settings.source(Settings.ENGINE),
              "engine "
                  + settings.get(Settings.ENGINE).names().getFirst()
                  + " needs engine-bin, the path of its program"));
    }
    models(settings).ifPresent(problems::add);
    int cores = settings.get(Settings.CORES).map(List::size).orElse(Integer.MAX_VALUE);
    int workers = settings.get(Settings.WORKERS).orElse(1);
    if (workers > cores) {
      problems.add(
          new Problem(
              stronger(settings, Settings.WORKERS, Settings.CORES),
              workers + " workers cannot share " + cores + " cores"));
    }
    return problems;
  }

  private static Optional<Problem> models(ResolvedSettings settings) {
    int one = settings.strength(Settings.MODEL_NAME);
    int several = settings.strength(Settings.MODELS);
    if (one >= 0 && one == several) {
      return Optional.of(
          new Problem(
              settings.source(Settings.MODELS), "model and models are both set; models is enough"));
    }
    for (Setting<?> ofOne :
        List.of(Settings.MODEL_ALIAS, Settings.LORA, Settings.LORA_QUANT, Settings.POOLING)) {
      if (several > one && settings.strength(ofOne) >= 0) {
        return Optional.of(
            new Problem(
                settings.source(ofOne),
                ofOne.name()
                    + " is for one model; give each of models "
                    + (ofOne == Settings.MODEL_ALIAS
                        ? "an id of its own"
                        : "its own in the file")));
      }
    }
    return Optional.empty();
  }

  /** What is made of models' files, against the engine and against itself. */
  static List<Problem> ofModels(ResolvedSettings settings, List<ModelConfiguration.Wish> wishes) {
    boolean foreign = settings.get(Settings.ENGINE) != EngineKind.BUILTIN;
    var problems = new ArrayList<Problem>();
    for (ModelConfiguration.Wish wish : wishes) {
      ModelConfiguration.Making making = wish.making();
      if (making.lora().isEmpty() && asksFor(making.loraQuant())) {
        problems.add(
            new Problem(
                settings.source(Settings.LORA_QUANT),
                "lora-quant rounds an adapter: name one with lora"));
      }
      if (foreign && (asksFor(making.loraQuant()) || asksFor(making.unembedQuant()))) {
        problems.add(
            new Problem(
                settings.source(Settings.ENGINE),
                "llama-server rounds no weights: lora-quant and unembed-quant are the built-in engine's"));
      }
      if (foreign && asksFor(making.pooling())) {
        problems.add(
            new Problem(
                settings.source(Settings.ENGINE),
                "there are no embeddings from llama-server: pooling is the built-in engine's"));
      }
    }
    return problems;
  }

  private static boolean asksFor(Optional<String> word) {
    return word.filter(text -> !text.equals("none")).isPresent();
  }

  /** Beyond loopback anybody could use the machine, so it takes a deliberate word. */
  private static Optional<Problem> exposure(ResolvedSettings settings, Setting<String> host) {
    String name = settings.get(host);
    try {
      if (Stream.of(InetAddress.getAllByName(name)).allMatch(InetAddress::isLoopbackAddress)
          || settings.get(Settings.ALLOW_UNAUTHENTICATED)
          || (host == Settings.HOST_NAME && settings.get(Settings.API_KEYS).isPresent())) {
        return Optional.empty();
      }
    } catch (UnknownHostException e) {
      return Optional.of(
          new Problem(settings.source(host), host.name() + ": '" + name + "' does not resolve"));
    }
    return Optional.of(
        new Problem(
            settings.source(host),
            host.name()
                + ": "
                + name
                + " reaches beyond this machine, and "
                + (host == Settings.HOST_NAME
                    ? "nobody is asked for a key: name a file of keys with --api-keys"
                        + " ('bitfleet key new NAME' makes one), keep 127.0.0.1,"
                    : "there are no keys to ask for: keep 127.0.0.1")
                + " or say "
                + Settings.ALLOW_UNAUTHENTICATED.flag()));
  }

  private static Source stronger(ResolvedSettings settings, Setting<?> a, Setting<?> b) {
    return settings.source(a) instanceof Source.BuiltIn ? settings.source(b) : settings.source(a);
  }
}

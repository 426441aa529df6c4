package dev.bitfleet.app.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
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
    if (foreign && settings.get(Settings.KERNEL) != KernelName.AUTO) {
      problems.add(
          new Problem(
              settings.source(Settings.KERNEL),
              "llama-server was built with its instructions: kernel is the built-in engine's"));
    }
    models(settings).ifPresent(problems::add);
    problems.addAll(journal(settings));
    problems.addAll(cluster(settings));
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

  private static List<Problem> journal(ResolvedSettings settings) {
    var problems = new ArrayList<Problem>();
    if (settings.strength(Settings.JOURNAL_URL) < 0) {
      for (Setting<?> ofJournal : List.of(Settings.JOURNAL_USER, Settings.JOURNAL_PASSWORD_FILE)) {
        if (settings.strength(ofJournal) >= 0) {
          problems.add(
              new Problem(
                  settings.source(ofJournal),
                  ofJournal.name() + " is of a database: name it with journal-url"));
        }
      }
    }
    return problems;
  }

  private static List<Problem> cluster(ResolvedSettings settings) {
    var problems = new ArrayList<Problem>();
    if (settings.get(Settings.CLUSTER_PORT).isEmpty()) {
      for (Setting<?> ofCluster :
          List.of(
              Settings.CLUSTER_HOST,
              Settings.CLUSTER_JOIN,
              Settings.CLUSTER_DNS,
              Settings.CLUSTER_NAME,
              Settings.CLUSTER_SECRET_FILE,
              Settings.CLUSTER_TLS_CERT,
              Settings.CLUSTER_TLS_KEY,
              Settings.CLUSTER_TLS_CA,
              Settings.CLUSTER_REJOIN_WAIT)) {
        if (settings.strength(ofCluster) >= 0) {
          problems.add(
              new Problem(
                  settings.source(ofCluster),
                  ofCluster.name() + " is of a cluster: give this node a cluster-port"));
        }
      }
      return problems;
    }
    int port = settings.get(Settings.CLUSTER_PORT).orElseThrow();
    for (Setting<Integer> other : List.of(Settings.PORT, Settings.MANAGEMENT_PORT)) {
      int taken = settings.get(other);
      if (taken == port || taken == port + 1) {
        problems.add(
            new Problem(
                settings.source(Settings.CLUSTER_PORT),
                "cluster-port "
                    + port
                    + " takes "
                    + port
                    + " and "
                    + (port + 1)
                    + ", and "
                    + other.name()
                    + " is "
                    + taken));
      }
    }
    tls(settings).ifPresent(problems::add);
    String host = settings.get(Settings.CLUSTER_HOST);
    try {
      InetAddress address = InetAddress.getByName(host);
      if (address.isAnyLocalAddress()) {
        problems.add(
            new Problem(
                settings.source(Settings.CLUSTER_HOST),
                "cluster-host: other nodes reach this one at it, so it is one address and not "
                    + host));
      } else if (!address.isLoopbackAddress()
          && settings.get(Settings.CLUSTER_SECRET_FILE).isEmpty()) {
        problems.add(
            new Problem(
                settings.source(Settings.CLUSTER_HOST),
                "cluster-host: "
                    + host
                    + " reaches beyond this machine, and anybody there could join: name a file with"
                    + " a secret with --cluster-secret-file"));
      }
    } catch (UnknownHostException e) {
      problems.add(
          new Problem(
              settings.source(Settings.CLUSTER_HOST),
              "cluster-host: '" + host + "' does not resolve"));
    }
    return problems;
  }

  private static Optional<Problem> tls(ResolvedSettings settings) {
    List<Setting<Optional<Path>>> all =
        List.of(Settings.CLUSTER_TLS_CERT, Settings.CLUSTER_TLS_KEY, Settings.CLUSTER_TLS_CA);
    var given = all.stream().filter(each -> settings.get(each).isPresent()).toList();
    if (given.isEmpty() || given.size() == all.size()) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            settings.source(given.getFirst()),
            "cluster-tls-cert, cluster-tls-key and cluster-tls-ca belong together"));
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
    if (foreign && asksFor(settings.get(Settings.KV_QUANT))) {
      problems.add(
          new Problem(
              settings.source(Settings.ENGINE),
              "llama-server's KV cache is not set from here: kv-quant is the built-in engine's"));
    }
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

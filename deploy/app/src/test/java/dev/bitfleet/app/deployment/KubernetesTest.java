package dev.bitfleet.app.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.gateway.contract.Operation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the manifests agree with each other and with the server. No cluster has run them. */
class KubernetesTest {
  @TempDir Path folder;
  private final List<Document> manifests = new ArrayList<>();
  private Document pods;
  private Document node;
  private Map<String, String> labels;
  private ServeConfiguration settings;

  @BeforeEach
  void read() throws Exception {
    for (Document file :
        Document.all("kubernetes/kustomization.yaml").getFirst().at("resources").each()) {
      manifests.addAll(Document.all("kubernetes/" + file.text()));
    }
    pods = kind("StatefulSet").at("spec", "template", "spec");
    node = pods.at("containers", 0);
    labels = kind("StatefulSet").at("spec", "template", "metadata", "labels").texts();
    settings = Settled.of(environment(), folder);
  }

  private Document kind(String kind) {
    return manifests.stream()
        .filter(each -> each.at("kind").text().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private Document service(String name) {
    return manifests.stream()
        .filter(each -> each.at("kind").text().equals("Service"))
        .filter(each -> each.at("metadata", "name").text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private Map<String, String> environment() {
    var environment = new HashMap<String, String>();
    for (Document variable : node.at("env").each()) {
      environment.put(
          variable.at("name").text(),
          // A pod's address, which is known when it runs.
          variable.find("value").map(Document::text).orElse("10.1.2.3"));
    }
    return environment;
  }

  private Map<String, Integer> containerPorts() {
    var ports = new LinkedHashMap<String, Integer>();
    node.at("ports")
        .each()
        .forEach(port -> ports.put(port.at("name").text(), port.at("containerPort").number()));
    return ports;
  }

  @Test
  void the_ports_are_those_the_server_listens_on() {
    assertThat(containerPorts())
        .isEqualTo(
            Map.of(
                "api", settings.http().port(),
                "management", settings.management().port(),
                "cluster", settings.cluster().orElseThrow().port(),
                "bus", settings.cluster().orElseThrow().busPort()));
    for (Document port : service("bitfleet-nodes").at("spec", "ports").each()) {
      assertThat(port.at("port").number())
          .isEqualTo(containerPorts().get(port.at("targetPort").text()));
    }
    assertThat(service("bitfleet").at("spec", "ports", 0, "targetPort").text()).isEqualTo("api");
    assertThat(
            kind("StatefulSet")
                .at("spec", "template", "metadata", "annotations", "prometheus.io/port")
                .number())
        .isEqualTo(settings.management().port());
  }

  @Test
  void nodes_find_each_other_behind_a_headless_service_before_they_are_ready() {
    Document headless = service(settings.cluster().orElseThrow().dns().orElseThrow());

    assertThat(headless.at("spec", "clusterIP").text()).isEqualTo("None");
    assertThat(headless.at("spec", "publishNotReadyAddresses").value()).isEqualTo(true);
    assertThat(kind("StatefulSet").at("spec", "serviceName").text())
        .isEqualTo(headless.at("metadata", "name").text());
  }

  @Test
  void everything_selects_the_pods_there_are() {
    assertThat(kind("StatefulSet").at("spec", "selector", "matchLabels").texts()).isEqualTo(labels);
    assertThat(service("bitfleet").at("spec", "selector").texts()).isEqualTo(labels);
    assertThat(service("bitfleet-nodes").at("spec", "selector").texts()).isEqualTo(labels);
    assertThat(kind("PodDisruptionBudget").at("spec", "selector", "matchLabels").texts())
        .isEqualTo(labels);
    assertThat(kind("NetworkPolicy").at("spec", "podSelector", "matchLabels").texts())
        .isEqualTo(labels);
  }

  @Test
  void only_nodes_reach_the_ports_between_nodes() {
    for (Document rule : kind("NetworkPolicy").at("spec", "ingress").each()) {
      List<String> ports =
          rule.at("ports").each().stream().map(port -> port.at("port").text()).toList();
      assertThat(containerPorts()).containsKeys(ports.toArray(String[]::new));
      if (ports.contains("cluster") || ports.contains("bus")) {
        assertThat(rule.at("from").each()).hasSize(1);
        assertThat(rule.at("from", 0, "podSelector", "matchLabels").texts()).isEqualTo(labels);
        assertThat(rule.at("from", 0).find("namespaceSelector")).isEmpty();
      }
    }
    assertThat(kind("NetworkPolicy").at("spec", "policyTypes").value())
        .isEqualTo(List.of("Ingress"));
  }

  @Test
  void probes_ask_ports_and_routes_that_exist() {
    String health = Operation.GET_HEALTH.documentPath();
    for (String probe : List.of("startupProbe", "readinessProbe")) {
      assertThat(node.at(probe, "httpGet", "path").text()).isEqualTo(health);
      assertThat(node.at(probe, "httpGet", "port").text()).isEqualTo("api");
    }
    assertThat(node.at("livenessProbe", "httpGet").texts())
        .isEqualTo(Map.of("path", "/health/live", "port", "management"));
  }

  @Test
  void a_pod_has_time_to_drain_after_its_endpoint_is_gone() {
    Duration unready =
        Duration.ofSeconds(
            (long) node.at("readinessProbe", "periodSeconds").number()
                * node.at("readinessProbe", "failureThreshold").number());

    assertThat(Duration.ofSeconds(pods.at("terminationGracePeriodSeconds").number()))
        .isGreaterThanOrEqualTo(Settled.stopping(settings));
    assertThat(settings.drainDelay()).isGreaterThan(unready);
  }

  @Test
  void kubernetes_puts_no_setting_into_the_environment_that_nobody_wrote() {
    // A Service named bitfleet would become BITFLEET_PORT=tcp://10.0.0.1:80.
    assertThat(pods.at("enableServiceLinks").value()).isEqualTo(false);
  }

  @Test
  void what_is_mounted_is_there_and_is_what_the_server_reads_and_writes() {
    var mounts = new HashMap<String, String>();
    node.at("volumeMounts")
        .each()
        .forEach(mount -> mounts.put(mount.at("mountPath").text(), mount.at("name").text()));
    var volumes = new ArrayList<String>();
    pods.at("volumes").each().forEach(volume -> volumes.add(volume.at("name").text()));
    kind("StatefulSet")
        .at("spec", "volumeClaimTemplates")
        .each()
        .forEach(claim -> volumes.add(claim.at("metadata", "name").text()));

    assertThat(volumes).containsAll(mounts.values());
    assertThat(mounts).containsKey(ImageTest.dataFolder()).containsKey("/tmp");
    assertThat(Path.of(environment().get("BITFLEET_CLUSTER_SECRET_FILE")).getParent())
        .isEqualTo(Path.of("/etc/bitfleet"));
    assertThat(mounts).containsKey("/etc/bitfleet");
  }

  @Test
  void pods_run_the_image_as_the_user_it_is_made_for() {
    assertThat(node.at("image").text()).isEqualTo(ImageTest.name());
    assertThat(
            pods.at("securityContext", "runAsUser").text()
                + ":"
                + pods.at("securityContext", "runAsGroup").text())
        .isEqualTo(ImageTest.user());
    assertThat(pods.at("securityContext", "runAsNonRoot").value()).isEqualTo(true);
    assertThat(node.at("resources", "limits").find("cpu")).isEqualTo(Optional.empty());
  }
}

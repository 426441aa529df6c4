package dev.bitfleet.app.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.vertx.core.Vertx;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The walls between the rooms, as docs/adr/0001 draws them. */
class WallsTest {
  private static final String PROTO = "dev.bitfleet.proto..";
  private static final String WORKER = "dev.bitfleet.worker..";
  private static final String GATEWAY = "dev.bitfleet.gateway..";
  private static final String APP = "dev.bitfleet.app..";

  private static JavaClasses all;

  @BeforeAll
  static void read_the_classes() {
    all =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.bitfleet");
  }

  @Test
  void all_four_rooms_were_looked_at() {
    for (String name :
        new String[] {
          "dev.bitfleet.proto.BusAddresses",
          "dev.bitfleet.worker.WorkerVerticle",
          "dev.bitfleet.gateway.GatewayVerticle",
          "dev.bitfleet.app.Main"
        }) {
      assertThat(all.contain(name)).as(name).isTrue();
    }
  }

  @Test
  void gateway_and_worker_do_not_know_each_other() {
    noClasses()
        .that()
        .resideInAPackage(GATEWAY)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(WORKER, APP)
        .check(all);
    noClasses()
        .that()
        .resideInAPackage(WORKER)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(GATEWAY, APP)
        .check(all);
  }

  @Test
  void what_the_sides_share_knows_neither() {
    noClasses()
        .that()
        .resideInAPackage(PROTO)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(WORKER, GATEWAY, APP)
        .check(all);
  }

  @Test
  void packages_have_no_cycles() {
    for (String room : new String[] {"worker", "gateway", "app"}) {
      slices().matching("dev.bitfleet." + room + ".(**)").should().beFreeOfCycles().check(all);
    }
  }

  @Test
  void dispatch_knows_neither_http_nor_a_dialect_and_dialects_know_no_bus() {
    noClasses()
        .that()
        .resideInAPackage("dev.bitfleet.gateway.dispatch..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.bitfleet.gateway.http..", "dev.bitfleet.gateway.dialect..", "io.vertx.core.http..")
        .check(all);
    noClasses()
        .that()
        .resideInAPackage("dev.bitfleet.gateway.dialect..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.vertx.core.eventbus..", "dev.bitfleet.gateway.dispatch..")
        .check(all);
  }

  /** What a simulation drives must not have a clock, a timer or a bus behind its back. */
  @Test
  void a_worker_meets_the_world_at_one_place() {
    noClasses()
        .that()
        .haveNameMatching(
            "dev\\.bitfleet\\.worker\\.(Worker|StreamDesk|EmbeddingDesk|OpenStream|Pulse|Suspects|IdleClock"
                + "|supervise\\.(EngineSupervisor|StallWatch|Quarantine|RestartPolicy))(\\$.*)?")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.vertx.core.eventbus..")
        .orShould()
        .dependOnClassesThat()
        .belongToAnyOf(Vertx.class)
        .orShould()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .check(all);
  }

  @Test
  void what_decides_is_free_of_vertx() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.bitfleet.gateway.routing..",
            "dev.bitfleet.gateway.admission..",
            "dev.bitfleet.worker.slot..",
            "dev.bitfleet.worker.topology..",
            "dev.bitfleet.worker.home..",
            "dev.bitfleet.worker.lora..",
            "dev.bitfleet.app.config..",
            "dev.bitfleet.app.doctor..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.vertx..")
        .check(all);
  }

  @Test
  void the_command_line_stays_at_the_top() {
    classes()
        .that()
        .resideInAPackage("dev.bitfleet.app.cli..")
        .should()
        .onlyHaveDependentClassesThat()
        .resideInAnyPackage("dev.bitfleet.app.cli..", "dev.bitfleet.app")
        .check(all);
    noClasses()
        .that()
        .resideInAPackage("dev.bitfleet.app.config..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(WORKER, GATEWAY, PROTO, "picocli..")
        .check(all);
  }

  @Test
  void jackson_2_and_java_serialization_stay_out() {
    noClasses()
        .that()
        .resideInAnyPackage(WORKER, GATEWAY, APP, PROTO)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("com.fasterxml.jackson.databind..", "io.vertx.core.json..")
        .check(all);
    noClasses()
        .that()
        .resideInAnyPackage(WORKER, GATEWAY, APP)
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.io.ObjectInputStream")
        .check(all);
  }
}

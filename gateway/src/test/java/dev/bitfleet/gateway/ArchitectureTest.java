package dev.bitfleet.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** The walls between the gateway's rooms. */
class ArchitectureTest {
  private static final JavaClasses GATEWAY =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.bitfleet.gateway");

  private static void check(ArchRule rule) {
    rule.check(GATEWAY);
  }

  @Test
  void dispatch_knows_neither_http_nor_a_dialect() {
    check(
        noClasses()
            .that()
            .resideInAPackage("..dispatch..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..gateway.http..", "..gateway.dialect..", "io.vertx.core.http.."));
  }

  @Test
  void dialects_know_no_bus_and_no_vertx() {
    check(
        noClasses()
            .that()
            .resideInAPackage("..dialect..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.vertx..", "io.netty..", "..gateway.dispatch..", "..gateway.http.."));
  }

  @Test
  void what_decides_is_pure() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("..routing..", "..admission..", "..completion..", "..rollout..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx..", "io.netty..", "io.micrometer..", "tools.jackson..")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis"));
  }

  /** What a simulation drives must not have a clock, a timer or a bus behind its back. */
  @Test
  void dispatch_meets_the_world_at_one_place() {
    check(
        noClasses()
            .that()
            .resideInAPackage("..gateway.dispatch..")
            .and()
            .haveNameMatching(
                ".*\\.(Dispatcher|CompletionRun|ChoiceRun|ChoiceProgress|RetryPolicy|Attempt|Inbox)(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.vertx..", "io.netty..")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis"));
  }

  @Test
  void grammars_are_made_of_values_and_nothing_else() {
    check(
        noClasses()
            .that()
            .resideInAPackage("..gateway.grammar..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.vertx..",
                "io.netty..",
                "io.micrometer..",
                "com.networknt..",
                "..gateway.http..",
                "..gateway.dialect..",
                "..gateway.dispatch..",
                "..gateway.contract..")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis"));
  }

  @Test
  void only_dispatch_speaks_on_the_bus() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("..dispatch..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.vertx.core.eventbus.."));
  }

  @Test
  void only_the_store_knows_what_it_is_made_of() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("..store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "com.hazelcast..", "java.sql..", "org.sqlite..", "org.postgresql.."));
    check(
        noClasses()
            .that()
            .resideInAPackage("..store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..gateway.http..", "..gateway.dispatch..", "..gateway.dialect.."));
  }

  @Test
  void the_gateway_does_not_know_the_worker() {
    check(noClasses().should().dependOnClassesThat().resideInAPackage("dev.bitfleet.worker.."));
  }

  @Test
  void json_is_jackson_3_alone() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "io.vertx.core.json..", "com.fasterxml.jackson.databind..", "java.io.Serial*"));
  }

  @Test
  void only_the_verticle_puts_rooms_together() {
    check(
        classes()
            .that()
            .resideInAPackage("dev.bitfleet.gateway")
            .should()
            .onlyHaveDependentClassesThat()
            .resideInAPackage("dev.bitfleet.gateway"));
  }

  @Test
  void rooms_form_no_circle() {
    check(slices().matching("dev.bitfleet.gateway.(*)..").should().beFreeOfCycles());
  }
}

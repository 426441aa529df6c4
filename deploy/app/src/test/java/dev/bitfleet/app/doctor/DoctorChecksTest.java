package dev.bitfleet.app.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.EngineKind;
import dev.bitfleet.app.config.KernelName;
import dev.bitfleet.app.config.Settings;
import dev.bitfleet.app.config.SpeculationMode;
import dev.bitfleet.app.config.WorkerConfiguration;
import dev.bitfleet.app.doctor.Finding.Level;
import dev.bitfleet.gateway.store.JournalDatabase;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.topology.SystemFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorChecksTest {
  @TempDir Path folder;

  /** A machine in a map. */
  private static final class PaperMachine implements Machine {
    final Map<String, String> files = new HashMap<>();
    final Map<String, String> programs = new HashMap<>();
    final Map<Integer, String> takenPorts = new HashMap<>();
    Outcome outcome = new Outcome(0, "");

    @Override
    public SystemFiles files() {
      return path -> Optional.ofNullable(files.get(path.toString()));
    }

    @Override
    public Optional<Path> program(String name) {
      return programs.containsKey(name) ? Optional.of(Path.of("/usr/bin", name)) : Optional.empty();
    }

    @Override
    public Outcome run(Duration limit, List<String> command) {
      String name = Path.of(command.getFirst()).getFileName().toString();
      return programs.containsKey(name) ? new Outcome(0, programs.get(name)) : outcome;
    }

    @Override
    public Optional<String> listenProblem(String host, int port) {
      return Optional.ofNullable(takenPorts.get(port));
    }
  }

  private final PaperMachine machine = new PaperMachine();

  @Test
  void a_database_that_does_not_answer_is_told_and_keeps_nobody_from_serving() {
    List<Finding> findings =
        new JournalCheck(
                new JournalDatabase(
                    "jdbc:postgresql://127.0.0.1:1/fleet?sslmode=disable",
                    Optional.of("ada"),
                    Optional.empty(),
                    "bitfleet"))
            .look();

    assertThat(findings).extracting(Finding::level).containsOnly(Level.WARN);
    assertThat(findings.getFirst().summary())
        .startsWith("jdbc:postgresql://127.0.0.1:1/fleet cannot be reached")
        .contains("answered 503");
    assertThat(findings.getFirst().remedy())
        .hasValueSatisfying(remedy -> assertThat(remedy).contains("journal-url"));
  }

  @Test
  void cores_and_instruction_sets_are_told() {
    machine.files.put("/sys/devices/system/cpu/online", "0-3\n");
    machine.files.put("/proc/self/status", "Cpus_allowed_list:\t0-1\n");
    for (int cpu = 0; cpu < 4; cpu++) {
      machine.files.put(
          "/sys/devices/system/cpu/cpu" + cpu + "/topology/core_cpus_list", String.valueOf(cpu));
    }
    machine.files.put(
        "/proc/cpuinfo", "model name\t: Paper CPU 1\nflags\t\t: fpu avx2 avx512_vnni amx_int8\n");

    List<Finding> findings = new ProcessorCheck(machine).look();

    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(findings.getFirst().summary())
        .startsWith("Paper CPU 1: 2 physical cores usable (CPUs 0-1 of 4 online), no SMT");
    assertThat(findings.getFirst().facts()).containsEntry("physical_cores", 2);
    assertThat(findings.getLast().summary()).isEqualTo("avx2, avx512_vnni, amx_int8");
  }

  private static WorkerConfiguration engines(Optional<Integer> workers) {
    return new WorkerConfiguration(
        workers,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        4,
        Optional.empty(),
        Optional.empty(),
        Duration.ofMillis(100),
        SpeculationMode.AUTO,
        KernelName.AUTO,
        EngineKind.BUILTIN,
        Optional.empty());
  }

  @Test
  void the_plan_of_the_cores_is_told() {
    machine.files.put("/sys/devices/system/cpu/online", "0-1");
    Finding small = new PlanCheck(machine, engines(Optional.empty())).look().getFirst();
    assertThat(small.summary())
        .isEqualTo("engine threads: 2 on CPUs 0-1; the JVM, with 2 event loops, shares these");

    machine.files.put("/sys/devices/system/cpu/online", "0-7");
    Finding large = new PlanCheck(machine, engines(Optional.of(2))).look().getFirst();
    assertThat(large.level()).isEqualTo(Level.OK);
    assertThat(large.summary())
        .isEqualTo(
            "engine threads: 3 on CPUs 0-2, 4 on CPUs 3-6;"
                + " the JVM, with 3 event loops, has CPUs 7 to itself");
    assertThat(large.facts()).containsEntry("engine_threads", List.of(3, 4));

    Finding impossible = new PlanCheck(machine, engines(Optional.of(9))).look().getFirst();
    assertThat(impossible.level()).isEqualTo(Level.BLOCKS);
    assertThat(impossible.summary()).contains("9 asked for");
  }

  @Test
  void a_quota_and_a_cpu_without_vectors_are_warned_of() {
    machine.files.put("/sys/devices/system/cpu/online", "0-3");
    machine.files.put("/sys/fs/cgroup/cgroup.controllers", "cpu");
    machine.files.put("/sys/fs/cgroup/cpu.max", "150000 100000");
    machine.files.put("/proc/cpuinfo", "flags : fpu sse2\n");

    List<Finding> findings = new ProcessorCheck(machine).look();

    assertThat(findings)
        .filteredOn(finding -> finding.level() == Level.WARN)
        .extracting(Finding::summary)
        .satisfiesExactly(
            quota -> assertThat(quota).contains("1.50 CPUs of time on 4 cores"),
            vectors -> assertThat(vectors).contains("without AVX2"));
  }

  @Test
  void little_memory_and_no_huge_pages_are_warned_of() {
    machine.files.put(
        "/proc/meminfo",
        "MemTotal: 1000000 kB\nMemAvailable: 100000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    machine.files.put("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");

    List<Finding> findings = new MemoryCheck(machine).look();

    assertThat(findings).extracting(Finding::level).containsOnly(Level.WARN);
    assertThat(findings.getLast().remedy())
        .contains("echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
  }

  @Test
  void plenty_of_memory_is_fine() {
    machine.files.put(
        "/proc/meminfo",
        "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
    machine.files.put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    machine.files.put("/sys/fs/cgroup/memory.max", "2147483648\n");

    List<Finding> findings = new MemoryCheck(machine).look();

    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(findings.getFirst().summary())
        .isEqualTo("4.0 GiB of 8.0 GiB available, control group allows 2.0 GiB");
  }

  @Test
  void missing_compilers_come_with_the_command_that_installs_them() {
    machine.programs.putAll(
        Map.of(
            "g++", "g++ (Debian 12.2.0-14) 12.2.0\n",
            "make", "GNU Make 4.3\n",
            "taskset", "",
            "setsid", "",
            "setpriv", ""));

    List<Finding> findings = new ToolsCheck(machine).look();

    assertThat(findings.getFirst().level()).isEqualTo(Level.NOTE);
    assertThat(findings.getFirst().summary()).startsWith("g++ 12.2.0, make 4.3; not enough");
    assertThat(findings.getFirst().remedy()).contains("apt-get install cmake temurin-25-jdk");
    assertThat(findings.getLast().level()).isEqualTo(Level.WARN);
    assertThat(findings.getLast().summary()).startsWith("prlimit is missing");
  }

  @Test
  void a_taken_port_blocks_and_names_its_flag() {
    machine.takenPorts.put(9090, "Address already in use");

    List<Finding> findings =
        new PortsCheck(
                machine,
                List.of(
                    new PortsCheck.Address("127.0.0.1", 8080, Settings.PORT),
                    new PortsCheck.Address("127.0.0.1", 9090, Settings.MANAGEMENT_PORT)))
            .look();

    assertThat(findings).extracting(Finding::level).containsExactly(Level.OK, Level.BLOCKS);
    assertThat(findings.getLast().remedy().orElseThrow()).contains("--management-port");
  }

  @Test
  void few_open_files_block() {
    machine.files.put(
        "/proc/self/limits",
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max open files            64                   64                   files
        Max locked memory         unlimited            unlimited            bytes
        """);

    Finding finding = new LimitsCheck(machine).look().getFirst();

    assertThat(finding.level()).isEqualTo(Level.BLOCKS);
    assertThat(finding.summary()).isEqualTo("open files 64, locked memory unlimited");
  }

  @Test
  void a_clock_in_the_past_and_a_slow_clock_are_warned_of() {
    Clock past = Clock.fixed(Instant.parse("1970-01-02T00:00:00Z"), ZoneOffset.UTC);
    Clock now = Clock.fixed(Instant.parse("2027-01-02T00:00:00Z"), ZoneOffset.UTC);
    assertThat(new ClockCheck(machine, past).look().getFirst().level()).isEqualTo(Level.WARN);
    assertThat(new ClockCheck(machine, now).look().getFirst().level()).isEqualTo(Level.OK);
    machine.files.put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    assertThat(new ClockCheck(machine, now).look().getFirst().remedy().orElseThrow())
        .startsWith("echo tsc");
  }

  @Test
  void a_folder_whose_programs_may_not_run_blocks() {
    machine.outcome = new Machine.Outcome(-1, "Permission denied");

    Finding finding = new FoldersCheck(machine, folder.resolve("data")).look().getFirst();

    assertThat(finding.level()).isEqualTo(Level.BLOCKS);
    assertThat(finding.summary()).contains("noexec");
    assertThat(folder.resolve("data")).isEmptyDirectory();
  }

  @Test
  void a_broken_model_file_is_shown_as_such_and_blocks_nothing() throws Exception {
    Files.writeString(folder.resolve("broken.gguf"), "GGUF but not really");

    List<Finding> findings = new ModelsCheck(new ModelHome(folder), Optional.empty()).look();

    assertThat(findings)
        .anySatisfy(
            finding -> {
              assertThat(finding.level()).isEqualTo(Level.WARN);
              assertThat(finding.summary()).startsWith("broken cannot be used: ");
            });
    assertThat(new Report(new BuildVersion("1", "unknown"), findings).serves()).isTrue();
  }

  @Test
  void the_report_reads_as_lines_and_as_json() {
    var report =
        new Report(
            new BuildVersion("0.1.0", "abc"),
            List.of(
                Finding.ok("cores", "2 cores", Map.of("physical_cores", 2)),
                Finding.blocks("ports", "8080 is taken", "take another", Map.of())));

    assertThat(report.text())
        .containsExactly(
            "bitfleet 0.1.0 (abc)",
            "",
            "ok     cores        2 cores",
            "BLOCKS ports        8080 is taken",
            "                    → take another",
            "",
            "1 thing keeps Bitfleet from serving.");
    JsonNode json = JsonMapper.shared().readTree(report.json());
    assertThat(json.get("serves").asBoolean()).isFalse();
    assertThat(json.at("/findings/0/facts/physical_cores").asInt()).isEqualTo(2);
    assertThat(json.at("/findings/1/level").asString()).isEqualTo("blocks");
    assertThat(json.at("/findings/1/remedy").asString()).isEqualTo("take another");
  }

  @Test
  void a_program_that_never_ends_is_ended() {
    Machine.Outcome outcome =
        Machine.ofThisOne()
            .run(Duration.ofMillis(100), List.of("/bin/sh", "-c", "echo begun; exec sleep 60"));

    assertThat(outcome.status()).isEqualTo(-1);
    assertThat(outcome.output()).contains("begun");
  }
}

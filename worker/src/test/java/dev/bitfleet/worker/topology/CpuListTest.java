package dev.bitfleet.worker.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuListTest {

  @Test
  void ranges_and_single_cpus_are_read_in_any_order() {
    assertThat(CpuList.parse("8,0-2,10-11\n")).containsExactly(0, 1, 2, 8, 10, 11);
  }

  @Test
  void blank_text_is_the_empty_set() {
    assertThat(CpuList.parse("\n")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "1-", "-1", "3-1", "1,,2", "0-99999999", "1-2-3", "0x1"})
  void anything_else_is_refused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> CpuList.parse(text));
  }

  @Test
  void format_joins_runs() {
    assertThat(CpuList.format(List.of(5, 0, 1, 2, 8))).isEqualTo("0-2,5,8");
    assertThat(CpuList.format(List.of())).isEmpty();
  }
}

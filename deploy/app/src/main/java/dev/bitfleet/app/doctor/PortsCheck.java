package dev.bitfleet.app.doctor;

import dev.bitfleet.app.config.Setting;
import dev.bitfleet.app.config.Settings;
import java.util.List;
import java.util.Map;

/** Whether the addresses to listen on are free. */
record PortsCheck(Machine machine, List<Address> addresses) implements Check {

  /** Where something will listen, and the setting that says so. */
  record Address(String host, int port, Setting<Integer> setting) {
    static List<Address> of(dev.bitfleet.app.config.ServeConfiguration configuration) {
      return List.of(
          new Address(configuration.http().host(), configuration.http().port(), Settings.PORT),
          new Address(
              configuration.management().host(),
              configuration.management().port(),
              Settings.MANAGEMENT_PORT));
    }
  }

  @Override
  public List<Finding> look() {
    return addresses.stream().map(this::look).toList();
  }

  private Finding look(Address address) {
    String place = address.host() + ":" + address.port();
    Map<String, Object> facts = Map.of("host", address.host(), "port", address.port());
    return machine
        .listenProblem(address.host(), address.port())
        .map(
            problem ->
                Finding.blocks(
                    "ports",
                    place + " cannot be listened on: " + problem,
                    "choose another with "
                        + address.setting().flag()
                        + ", or see who has it: ss -ltnp 'sport = :"
                        + address.port()
                        + "'",
                    facts))
        .orElseGet(() -> Finding.ok("ports", place + " is free", facts));
  }
}

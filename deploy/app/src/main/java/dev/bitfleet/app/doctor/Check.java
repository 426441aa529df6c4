package dev.bitfleet.app.doctor;

import java.util.List;

/** Looks at one side of a machine. */
@FunctionalInterface
interface Check {
  /** What there is to say, at least one finding. Changes nothing that is not put back. */
  List<Finding> look();
}

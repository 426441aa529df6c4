/**
 * Looks at a machine and says what is wrong with it and how to mend it.
 *
 * <p>Each {@link dev.bitfleet.app.doctor.Check} looks at one side of the machine, through {@link
 * dev.bitfleet.app.doctor.Machine} alone, and reports {@link dev.bitfleet.app.doctor.Finding}s: a
 * sentence for people, facts for programs, and a remedy where there is one. Only what keeps {@code
 * serve} from working blocks; everything else is advice.
 */
@NullMarked
package dev.bitfleet.app.doctor;

import org.jspecify.annotations.NullMarked;

/**
 * What is asked and what happens, in words that no API and no wire owns: dialects write requests
 * and read events, dispatch does the opposite. Values only.
 */
@NullMarked
package dev.bitfleet.gateway.completion;

import org.jspecify.annotations.NullMarked;

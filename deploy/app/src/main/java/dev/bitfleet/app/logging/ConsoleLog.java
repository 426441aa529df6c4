package dev.bitfleet.app.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.spi.ContextAwareBase;
import org.slf4j.LoggerFactory;

/**
 * One line for each event, on stderr. In code and not in XML, because reading XML takes a tenth of
 * a second of every start.
 */
public final class ConsoleLog extends ContextAwareBase implements Configurator {
  /** Control characters in a message become spaces, so that nothing foreign can forge a line. */
  private static final String PATTERN =
      "%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level %logger{0}: %replace(%msg){'\\p{Cntrl}', ' '}%n%ex";

  /** Found by logback through {@code META-INF/services}. */
  public ConsoleLog() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    var encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    var appender = new ConsoleAppender<ILoggingEvent>();
    appender.setContext(context);
    appender.setName("stderr");
    appender.setTarget("System.err");
    appender.setEncoder(encoder);
    appender.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.addAppender(appender);
    root.setLevel(Level.INFO);
    // They explain themselves at length, to nobody who asked.
    context.getLogger("io.netty").setLevel(Level.WARN);
    context.getLogger("io.vertx").setLevel(Level.WARN);
    // Why a bus cannot be joined or a file not be opened they throw too, and that is told in a
    // sentence.
    context.getLogger("io.vertx.core.impl.VertxImpl").setLevel(Level.OFF);
    context.getLogger("org.sqlite.SQLiteJDBCLoader").setLevel(Level.OFF);
    context.getLogger("com.networknt").setLevel(Level.WARN);
    context.getLogger("com.hubspot").setLevel(Level.WARN);
    // It warns of a port it was told to pick itself, and of every stop.
    context.getLogger("com.hazelcast").setLevel(Level.ERROR);
    // A node that leaves while it joins, because it must not stay, has them all fail. A map that is
    // really missing is made when it is first used.
    context
        .getLogger("com.hazelcast.spi.impl.proxyservice.impl.operations.PostJoinProxyOperation")
        .setLevel(Level.OFF);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /** Sets how much of our own is logged. */
  public static void setLevel(dev.bitfleet.app.config.LogLevel level) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      context.getLogger("dev.bitfleet").setLevel(Level.valueOf(level.name()));
    }
  }
}

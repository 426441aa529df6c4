package dev.bitfleet.gateway.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import java.util.function.BooleanSupplier;

/**
 * Decodes HTTP/1.1 more strictly than Vert.x does by itself, and lets what is refused be answered.
 * Vert.x keeps quiet about a length beside chunks (Netty drops the length), answers a version that
 * it does not know without a body and in that very version, and closes on a broken chunk before
 * anything can be said. None of this can be set, so it is done in the connection's pipeline.
 */
final class StrictHttp {
  private static final String BROKEN_BODY = "broken-body";

  private StrictHttp() {}

  /** The request line names a version of HTTP that is not spoken here. */
  static final class UnsupportedVersionException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    UnsupportedVersionException() {
      super("not HTTP/1.0 or HTTP/1.1");
    }
  }

  /**
   * To be called when a connection is new, on its event loop.
   *
   * @param brokenBody told that the body being read cannot be decoded; true when that is, or will
   *     be, answered, and false to have the connection closed
   */
  static void impose(
      HttpConnection connection, HttpServerOptions options, BooleanSupplier brokenBody) {
    if (connection instanceof HttpServerConnection internal) {
      ChannelPipeline pipeline = internal.channelHandlerContext().pipeline();
      ChannelHandlerContext lenient = pipeline.context(VertxHttpRequestDecoder.class);
      if (lenient != null) {
        String name = lenient.name();
        pipeline.replace(lenient.handler(), name, new Decoder(options));
        pipeline.addAfter(name, BROKEN_BODY, new BrokenBody(brokenBody));
      }
    }
  }

  /** What it throws ends as a request whose decoding failed. */
  private static final class Decoder extends VertxHttpRequestDecoder {
    Decoder(HttpServerOptions options) {
      super(options);
    }

    @Override
    protected HttpMessage createMessage(String[] initialLine) {
      HttpMessage message = super.createMessage(initialLine);
      HttpVersion version = message.protocolVersion();
      if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
        throw new UnsupportedVersionException();
      }
      return message;
    }

    /**
     * A proxy in front may go by the one while we go by the other, and what one of us takes for
     * body the other takes for the next request (RFC 9112, 6.1 and 11.2).
     */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
      throw new IllegalArgumentException("both Content-Length and Transfer-Encoding");
    }
  }

  private static final class BrokenBody extends ChannelInboundHandlerAdapter {
    private final BooleanSupplier brokenBody;

    BrokenBody(BooleanSupplier brokenBody) {
      this.brokenBody = brokenBody;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpContent content
          && !(message instanceof HttpMessage)
          && content.decoderResult().isFailure()
          && brokenBody.getAsBoolean()) {
        ReferenceCountUtil.release(message);
      } else {
        context.fireChannelRead(message);
      }
    }
  }
}

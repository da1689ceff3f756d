package samlive.runner;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The Runtime API on one connection that stays open. */
final class Api {
    private final String host;
    private final String prefix;
    private Socket socket;
    private InputStream in;

    Api(String address) {
        int slash = address.indexOf('/');
        host = slash < 0 ? address : address.substring(0, slash);
        prefix = (slash < 0 ? "" : address.substring(slash)) + "/2018-06-01/runtime/";
    }

    static final class Reply {
        final Map<String, String> headers = new HashMap<>();
        byte[] body = new byte[0];

        String header(String name) {
            return headers.get(name);
        }
    }

    Reply get(String path) throws IOException {
        return send("GET", path, null);
    }

    void post(String path, byte[] body) throws IOException {
        send("POST", path, body);
    }

    private Reply send(String method, String path, byte[] body) throws IOException {
        if (socket == null) {
            int colon = host.lastIndexOf(':');
            socket = new Socket(host.substring(0, colon), Integer.parseInt(host.substring(colon + 1)));
            socket.setTcpNoDelay(true);
            in = new BufferedInputStream(socket.getInputStream(), 65536);
        }
        String head = method + " " + prefix + path + " HTTP/1.1\r\nHost: " + host + "\r\n";
        if (body != null) {
            head += "Content-Type: application/json\r\nContent-Length: " + body.length + "\r\n";
        }
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.write((head + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        if (body != null) {
            whole.write(body);
        }
        whole.writeTo(socket.getOutputStream());
        socket.getOutputStream().flush();
        return read();
    }

    private Reply read() throws IOException {
        Reply reply = new Reply();
        line();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            reply.headers.put(
                    line.substring(0, colon).trim().toLowerCase(Locale.ROOT),
                    line.substring(colon + 1).trim());
        }
        String length = reply.header("content-length");
        reply.body = new byte[length == null ? 0 : Integer.parseInt(length)];
        for (int got = 0; got < reply.body.length; ) {
            int more = in.read(reply.body, got, reply.body.length - got);
            if (more < 0) {
                throw new EOFException();
            }
            got += more;
        }
        return reply;
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException();
            }
            line.write(next);
        }
        return new String(line.toByteArray(), StandardCharsets.UTF_8).trim();
    }
}

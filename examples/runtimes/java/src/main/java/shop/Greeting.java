package shop;

import java.util.Map;

/** Greets whoever the path names. */
public class Greeting {
    private static final String WORD = "Hello";

    public Map<String, Object> greet(Map<String, Object> event) {
        Map<?, ?> path = (Map<?, ?>) event.get("pathParameters");
        String name = String.valueOf(path.get("name"));
        if (name.equals("nobody")) {
            throw new IllegalArgumentException("nobody is here");
        }
        return Map.of("statusCode", 200, "body", WORD + ", " + name + ", from Java");
    }
}

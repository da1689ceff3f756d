package samlive.runner;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is answered for an exception. */
final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int MAX_FRAMES = 100;

    private final String type;

    Fault(String message, String type, Throwable cause) {
        super(message, cause);
        this.type = type;
    }

    static byte[] json(Throwable problem) {
        return Json.write(tree(problem, new HashSet<>())).getBytes(StandardCharsets.UTF_8);
    }

    /** Log it as the managed runtime does: message, type, trace of the function's own frames. */
    static void print(Throwable problem) {
        for (Throwable each = problem; each != null; each = each.getCause()) {
            each.setStackTrace(frames(each));
        }
        problem.printStackTrace();
    }

    @Override
    public String toString() {
        return getMessage() + ": " + type;
    }

    private static StackTraceElement[] frames(Throwable problem) {
        StackTraceElement[] all = problem.getStackTrace();
        int end = 0;
        while (end < all.length && !all[end].getClassName().startsWith("samlive.runner.")) {
            end++;
        }
        if (end < all.length) {
            while (end > 0 && isReflection(all[end - 1].getClassName())) {
                end--;
            }
        }
        StackTraceElement[] kept = new StackTraceElement[Math.min(end, MAX_FRAMES)];
        System.arraycopy(all, 0, kept, 0, kept.length);
        return kept;
    }

    private static boolean isReflection(String name) {
        return name.startsWith("java.lang.reflect.")
                || name.startsWith("jdk.internal.reflect.")
                || name.startsWith("sun.reflect.")
                || name.startsWith("java.lang.invoke.");
    }

    private static Map<String, Object> tree(Throwable problem, Set<Throwable> seen) {
        Map<String, Object> tree = new LinkedHashMap<>();
        boolean own = problem instanceof Fault;
        tree.put("errorMessage", problem.getLocalizedMessage());
        tree.put("errorType", own ? ((Fault) problem).type : problem.getClass().getName());
        List<Object> trace = new ArrayList<>();
        for (StackTraceElement frame : frames(problem)) {
            trace.add(frame.toString());
        }
        tree.put("stackTrace", trace);
        Throwable cause = problem.getCause();
        if (cause != null && seen.add(problem) && !seen.contains(cause)) {
            tree.put("cause", tree(cause, seen));
        }
        return tree;
    }
}

package samlive.runner;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The method that is meant by a handler string, and how it is called. */
final class Handler {
    static final String CORE = "com.amazonaws.services.lambda.runtime.";

    private final Object target;
    private final Method method;
    private final Type[] parameters;

    private Handler(Object target, Method method, Type[] parameters) {
        this.target = target;
        this.method = method;
        this.parameters = parameters;
    }

    static Handler load(String name) throws Throwable {
        int split = name.indexOf("::");
        String className = split < 0 ? name : name.substring(0, split);
        Class<?> type;
        try {
            type = Class.forName(className);
        } catch (ClassNotFoundException problem) {
            throw new Fault(
                    "Class not found: " + className, problem.getClass().getName(), null);
        } catch (Throwable problem) {
            String text = problem.getMessage() == null ? "" : ": " + problem.getMessage();
            throw new Fault(
                    "Error loading class " + className + text,
                    problem.getClass().getName(),
                    problem.getCause());
        }
        boolean byInterface = split < 0;
        if (byInterface && !has(type, "RequestHandler") && !has(type, "RequestStreamHandler")) {
            throw new Fault(
                    "Class does not implement an appropriate handler interface: " + className,
                    "java.lang.Exception",
                    null);
        }
        Method method = find(type, byInterface ? "handleRequest" : name.substring(split + 2));
        Map<TypeVariable<?>, Type> known = variables(type);
        Type[] parameters = method.getGenericParameterTypes();
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = resolve(parameters[i], known);
        }
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        return new Handler(isStatic ? null : make(type), method, parameters);
    }

    byte[] call(Api.Reply next) throws Throwable {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Object[] given = new Object[parameters.length];
        boolean streams = false;
        for (int i = 0; i < given.length; i++) {
            if (parameters[i] == InputStream.class) {
                given[i] = new ByteArrayInputStream(next.body);
                streams = true;
            } else if (parameters[i] == OutputStream.class) {
                given[i] = written;
                streams = true;
            } else if (isContext(parameters[i])) {
                given[i] = Contexts.of((Class<?>) parameters[i], next);
            } else {
                given[i] = event(next.body, parameters[i]);
            }
        }
        Object answer;
        try {
            answer = method.invoke(target, given);
        } catch (InvocationTargetException problem) {
            throw problem.getCause() == null ? problem : problem.getCause();
        }
        if (streams) {
            return written.toByteArray();
        }
        return Json.write(Bind.toJson(answer)).getBytes(StandardCharsets.UTF_8);
    }

    private static Object event(byte[] body, Type type) {
        try {
            String text = new String(body, StandardCharsets.UTF_8);
            return Bind.fromJson(Json.read(text), type);
        } catch (RuntimeException problem) {
            throw new RuntimeException("An error occurred during JSON parsing", problem);
        }
    }

    private static Method find(Class<?> type, String name) {
        Method best = null;
        for (Method each : type.getMethods()) {
            if (each.getName().equals(name) && !each.isBridge()) {
                if (best == null || weight(each) > weight(best)) {
                    best = each;
                }
            }
        }
        if (best == null) {
            throw new Fault(
                    "No public method named " + name + " with appropriate method signature"
                            + " found on class " + type.getName(),
                    "java.lang.NoSuchMethodException",
                    null);
        }
        best.setAccessible(true);
        return best;
    }

    /** The longest signature wins, and one that ends with a context counts one more. */
    private static int weight(Method method) {
        Class<?>[] types = method.getParameterTypes();
        boolean context = types.length > 0 && isContext(types[types.length - 1]);
        return types.length + (context ? 1 : 0);
    }

    private static boolean isContext(Type type) {
        return type instanceof Class && ((Class<?>) type).getName().equals(CORE + "Context");
    }

    private static boolean has(Class<?> type, String name) {
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            for (Class<?> face : each.getInterfaces()) {
                if (face.getName().equals(CORE + name) || has(face, name)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Object make(Class<?> type) throws Throwable {
        try {
            Constructor<?> constructor = type.getConstructor();
            return constructor.newInstance();
        } catch (NoSuchMethodException problem) {
            throw new Fault(
                    "Class " + type.getName() + " has no public zero-argument constructor",
                    "java.lang.Exception",
                    null);
        } catch (InvocationTargetException problem) {
            throw problem.getCause() == null ? problem : problem.getCause();
        }
    }

    /** What stands for the type variables of a class's ancestors. */
    private static Map<TypeVariable<?>, Type> variables(Class<?> type) {
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        collect(type, known);
        return known;
    }

    private static void collect(Class<?> type, Map<TypeVariable<?>, Type> known) {
        List<Type> parents = new ArrayList<>();
        Collections.addAll(parents, type.getGenericInterfaces());
        if (type.getGenericSuperclass() != null) {
            parents.add(type.getGenericSuperclass());
        }
        for (Type parent : parents) {
            if (parent instanceof ParameterizedType) {
                ParameterizedType generic = (ParameterizedType) parent;
                Class<?> raw = (Class<?>) generic.getRawType();
                for (int i = 0; i < raw.getTypeParameters().length; i++) {
                    Type given = resolve(generic.getActualTypeArguments()[i], known);
                    known.put(raw.getTypeParameters()[i], given);
                }
                collect(raw, known);
            } else {
                collect((Class<?>) parent, known);
            }
        }
    }

    private static Type resolve(Type type, Map<TypeVariable<?>, Type> known) {
        Type found = type instanceof TypeVariable ? known.get(type) : type;
        if (found == null) {
            return Object.class;
        }
        return found instanceof WildcardType ? ((WildcardType) found).getUpperBounds()[0] : found;
    }
}

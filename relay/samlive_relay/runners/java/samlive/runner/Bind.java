package samlive.runner;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** JSON values to the objects that a signature names, and back. */
final class Bind {
    static Object fromJson(Object value, Type type) {
        if (type instanceof ParameterizedType) {
            ParameterizedType generic = (ParameterizedType) type;
            Type[] inner = generic.getActualTypeArguments();
            Class<?> raw = (Class<?>) generic.getRawType();
            return convert(value, raw, inner[0], inner[inner.length - 1]);
        }
        if (type instanceof WildcardType) {
            return fromJson(value, ((WildcardType) type).getUpperBounds()[0]);
        }
        return type instanceof Class ? convert(value, (Class<?>) type, Object.class, Object.class) : value;
    }

    private static Object convert(Object value, Class<?> type, Type first, Type last) {
        if (type == Optional.class) {
            return Optional.ofNullable(fromJson(value, first));
        }
        if (value == null) {
            return type.isPrimitive() && type != void.class ? zero(type) : null;
        }
        if (type.isArray() && type != byte[].class) {
            List<Object> items = list(value, type.getComponentType());
            Object array = Array.newInstance(type.getComponentType(), items.size());
            for (int i = 0; i < items.size(); i++) {
                Array.set(array, i, items.get(i));
            }
            return array;
        }
        if (Collection.class.isAssignableFrom(type) || type == Iterable.class) {
            List<Object> items = list(value, last);
            return Set.class.isAssignableFrom(type) ? new LinkedHashSet<>(items) : sized(items, type);
        }
        if (Map.class.isAssignableFrom(type)) {
            Map<Object, Object> map = SortedMap.class.isAssignableFrom(type)
                    ? new TreeMap<>()
                    : new LinkedHashMap<>();
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                map.put(fromJson(each.getKey(), first), fromJson(each.getValue(), last));
            }
            return map;
        }
        return scalar(value, type);
    }

    private static Object sized(List<Object> items, Class<?> type) {
        if (type.isInterface() || type.isAssignableFrom(ArrayList.class)) {
            return items;
        }
        @SuppressWarnings("unchecked")
        Collection<Object> own = (Collection<Object>) create(type);
        own.addAll(items);
        return own;
    }

    private static List<Object> list(Object value, Type inner) {
        List<Object> items = new ArrayList<>();
        for (Object each : value instanceof List ? (List<?>) value : Collections.singletonList(value)) {
            items.add(fromJson(each, inner));
        }
        return items;
    }

    private static Object scalar(Object value, Class<?> type) {
        if (type.isInstance(value)) {
            return value;
        }
        if (type == String.class || type == CharSequence.class) {
            return text(value, type);
        }
        if (type == boolean.class || type == Boolean.class) {
            return value instanceof Boolean ? value : Boolean.valueOf(value.toString());
        }
        if (type.isPrimitive() || Number.class.isAssignableFrom(type) || type == Character.class) {
            return number(value, type);
        }
        if (type.isEnum()) {
            for (Object each : type.getEnumConstants()) {
                if (((Enum<?>) each).name().equals(value.toString())) {
                    return each;
                }
            }
            return null;
        }
        if (type == byte[].class || type == ByteBuffer.class) {
            byte[] bytes = Base64.getDecoder().decode(value.toString());
            return type == byte[].class ? bytes : ByteBuffer.wrap(bytes);
        }
        if (type == Date.class) {
            return date(value);
        }
        if (value instanceof Map) {
            return object((Map<?, ?>) value, type);
        }
        return parsed(value, type);
    }

    private static String text(Object value, Class<?> type) {
        if (value instanceof Map || value instanceof List) {
            throw mismatch(value, type);
        }
        return value.toString();
    }

    private static RuntimeException mismatch(Object value, Class<?> type) {
        String kind = value instanceof Map ? "Object" : value instanceof List ? "Array" : "scalar";
        return new IllegalArgumentException(
                "Cannot deserialize value of type `" + type.getName() + "` from " + kind + " value");
    }

    private static Object number(Object value, Class<?> type) {
        if (value instanceof Map || value instanceof List) {
            throw mismatch(value, type);
        }
        String text = value.toString();
        if (type == char.class || type == Character.class) {
            return text.isEmpty() ? '\0' : text.charAt(0);
        }
        BigDecimal number = new BigDecimal(text.isEmpty() ? "0" : text);
        if (type == int.class || type == Integer.class) {
            return number.intValue();
        } else if (type == long.class || type == Long.class) {
            return number.longValue();
        } else if (type == double.class || type == Double.class) {
            return number.doubleValue();
        } else if (type == float.class || type == Float.class) {
            return number.floatValue();
        } else if (type == short.class || type == Short.class) {
            return number.shortValue();
        } else if (type == byte.class || type == Byte.class) {
            return number.byteValue();
        } else if (type == BigInteger.class) {
            return number.toBigInteger();
        }
        return number;
    }

    private static Object zero(Class<?> type) {
        return type == boolean.class ? Boolean.FALSE : number(0, type);
    }

    private static Date date(Object value) {
        if (value instanceof Number) {
            double number = ((Number) value).doubleValue();
            // Streams give seconds with a fraction, everything else milliseconds.
            return new Date((long) (number < 1e11 ? number * 1000 : number));
        }
        return Date.from(java.time.OffsetDateTime.parse(value.toString()).toInstant());
    }

    /** A type that makes itself from text: java.time, Joda, UUID, URI. */
    private static Object parsed(Object value, Class<?> type) {
        try {
            for (String name : new String[] {"parse", "fromString", "create", "valueOf"}) {
                for (Class<?> given : new Class<?>[] {CharSequence.class, String.class}) {
                    try {
                        return type.getMethod(name, given).invoke(null, value.toString());
                    } catch (NoSuchMethodException problem) {
                        // the next one
                    }
                }
            }
            return type.getConstructor(String.class).newInstance(value.toString());
        } catch (ReflectiveOperationException problem) {
            throw mismatch(value, type);
        }
    }

    private static Object create(Class<?> type) {
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (ReflectiveOperationException problem) {
            throw new IllegalArgumentException("Cannot construct instance of `" + type.getName() + "`");
        }
    }

    private static Object object(Map<?, ?> value, Class<?> type) {
        Map<String, Object> given = new HashMap<>();
        for (Map.Entry<?, ?> each : value.entrySet()) {
            given.put(plain(each.getKey().toString()), each.getValue());
        }
        if (type.getSuperclass() != null && type.getSuperclass().getName().equals("java.lang.Record")) {
            return record(given, type);
        }
        Object made = create(type);
        for (Method each : type.getMethods()) {
            if (each.getName().startsWith("set") && each.getParameterCount() == 1) {
                String name = plain(each.getName().substring(3));
                if (given.containsKey(name) && !each.isBridge()) {
                    put(made, each, fromJson(given.get(name), each.getGenericParameterTypes()[0]));
                }
            }
        }
        for (Field each : type.getFields()) {
            String name = plain(each.getName());
            if (given.containsKey(name) && !Modifier.isStatic(each.getModifiers())) {
                try {
                    each.set(made, fromJson(given.get(name), each.getGenericType()));
                } catch (IllegalAccessException problem) {
                    throw new IllegalArgumentException(problem);
                }
            }
        }
        return made;
    }

    /** Names are compared without case and separators: Records, detail-type, eventSourceARN. */
    private static String plain(String name) {
        return name.replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
    }

    private static void put(Object made, Method setter, Object value) {
        try {
            setter.setAccessible(true);
            setter.invoke(made, value);
        } catch (ReflectiveOperationException problem) {
            throw new IllegalArgumentException(problem);
        }
    }

    private static Object record(Map<String, Object> given, Class<?> type) {
        Constructor<?> all = type.getDeclaredConstructors()[0];
        for (Constructor<?> each : type.getDeclaredConstructors()) {
            all = each.getParameterCount() > all.getParameterCount() ? each : all;
        }
        Object[] values = new Object[all.getParameterCount()];
        int i = 0;
        for (Field each : type.getDeclaredFields()) {
            if (!Modifier.isStatic(each.getModifiers())) {
                values[i++] = fromJson(given.get(plain(each.getName())), each.getGenericType());
            }
        }
        try {
            all.setAccessible(true);
            return all.newInstance(values);
        } catch (ReflectiveOperationException problem) {
            throw new IllegalArgumentException(problem);
        }
    }

    static Object toJson(Object value) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return value;
        } else if (value instanceof CharSequence || value instanceof Character) {
            return value.toString();
        } else if (value instanceof Enum) {
            return ((Enum<?>) value).name();
        } else if (value instanceof Optional) {
            return toJson(((Optional<?>) value).orElse(null));
        } else if (value instanceof Date) {
            return ((Date) value).getTime();
        } else if (value instanceof byte[]) {
            return Base64.getEncoder().encodeToString((byte[]) value);
        } else if (value instanceof ByteBuffer) {
            ByteBuffer copy = ((ByteBuffer) value).duplicate();
            byte[] bytes = new byte[copy.remaining()];
            copy.get(bytes);
            return toJson(bytes);
        } else if (value instanceof Map) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (Map.Entry<?, ?> each : ((Map<?, ?>) value).entrySet()) {
                map.put(String.valueOf(each.getKey()), toJson(each.getValue()));
            }
            return map;
        } else if (value instanceof Iterable) {
            List<Object> items = new ArrayList<>();
            for (Object each : (Iterable<?>) value) {
                items.add(toJson(each));
            }
            return items;
        } else if (value.getClass().isArray()) {
            List<Object> items = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                items.add(toJson(Array.get(value, i)));
            }
            return items;
        }
        String name = value.getClass().getName();
        boolean isText = name.startsWith("java.") || name.startsWith("org.joda.");
        return isText ? value.toString() : properties(value);
    }

    /** Public getters and fields; what is null is left out, as in the managed runtime. */
    private static Map<String, Object> properties(Object value) {
        Map<String, Object> found = new LinkedHashMap<>();
        Class<?> type = value.getClass();
        boolean isRecord =
                type.getSuperclass() != null && type.getSuperclass().getName().equals("java.lang.Record");
        try {
            for (Field each : isRecord ? type.getDeclaredFields() : type.getFields()) {
                if (!Modifier.isStatic(each.getModifiers())) {
                    each.setAccessible(true);
                    keep(found, each.getName(), each.get(value));
                }
            }
            for (Method each : ordered(type)) {
                String name = property(each);
                if (name != null) {
                    each.setAccessible(true);
                    keep(found, name, each.invoke(value));
                }
            }
        } catch (InvocationTargetException problem) {
            throw new RuntimeException("An error occurred during JSON serialization", problem.getCause());
        } catch (IllegalAccessException problem) {
            throw new RuntimeException("An error occurred during JSON serialization", problem);
        }
        return found;
    }

    private static void keep(Map<String, Object> found, String name, Object value) {
        if (value != null) {
            found.putIfAbsent(name, toJson(value));
        }
    }

    /** Getters in the order of the fields that they are named after; the JVM has none. */
    private static List<Method> ordered(Class<?> type) {
        Map<String, Integer> places = new HashMap<>();
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            for (Field field : each.getDeclaredFields()) {
                places.putIfAbsent(field.getName(), places.size());
            }
        }
        List<Method> methods = new ArrayList<>();
        Collections.addAll(methods, type.getMethods());
        methods.sort((one, other) -> {
            int first = places.getOrDefault(String.valueOf(property(one)), Integer.MAX_VALUE);
            int second = places.getOrDefault(String.valueOf(property(other)), Integer.MAX_VALUE);
            return first == second ? one.getName().compareTo(other.getName()) : Integer.compare(first, second);
        });
        return methods;
    }

    private static String property(Method method) {
        String name = method.getName();
        Class<?> answer = method.getReturnType();
        boolean usable = method.getParameterCount() == 0
                && answer != void.class
                && !Modifier.isStatic(method.getModifiers())
                && method.getDeclaringClass() != Object.class;
        if (usable && name.startsWith("get") && name.length() > 3) {
            return java.beans.Introspector.decapitalize(name.substring(3));
        }
        boolean is = name.startsWith("is") && name.length() > 2 && answer == boolean.class;
        return usable && is ? java.beans.Introspector.decapitalize(name.substring(2)) : null;
    }
}

package samlive.runner;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** The context, as whatever version of the interface the function brings along. */
final class Contexts implements InvocationHandler {
    private final Map<String, Object> values = new HashMap<>();
    private final long deadline;

    private Contexts(Api.Reply next, ClassLoader loader) {
        String limit = next.header("lambda-runtime-deadline-ms");
        deadline = limit == null ? 0 : Long.parseLong(limit);
        values.put("getAwsRequestId", next.header("lambda-runtime-aws-request-id"));
        values.put("getInvokedFunctionArn", next.header("lambda-runtime-invoked-function-arn"));
        values.put("getTenantId", next.header("lambda-runtime-aws-tenant-id"));
        values.put("getXrayTraceId", next.header("lambda-runtime-trace-id"));
        values.put("getLogGroupName", System.getenv("AWS_LAMBDA_LOG_GROUP_NAME"));
        values.put("getLogStreamName", System.getenv("AWS_LAMBDA_LOG_STREAM_NAME"));
        values.put("getFunctionName", System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
        values.put("getFunctionVersion", System.getenv("AWS_LAMBDA_FUNCTION_VERSION"));
        String memory = System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
        values.put("getMemoryLimitInMB", memory == null ? 0 : Integer.parseInt(memory));
        values.put("getLogger", proxy(loader, "LambdaLogger", Contexts::log));
        values.put("getIdentity", identity(next.header("lambda-runtime-cognito-identity"), loader));
        values.put("getClientContext", client(next.header("lambda-runtime-client-context"), loader));
    }

    static Object of(Class<?> face, Api.Reply next) {
        ClassLoader loader = face.getClassLoader();
        return Proxy.newProxyInstance(loader, new Class<?>[] {face}, new Contexts(next, loader));
    }

    @Override
    public Object invoke(Object self, Method method, Object[] given) {
        if (method.getName().equals("getRemainingTimeInMillis")) {
            return (int) Math.max(0, deadline - System.currentTimeMillis());
        }
        return values.containsKey(method.getName())
                ? values.get(method.getName())
                : common(self, method, given);
    }

    private static Object common(Object self, Method method, Object[] given) {
        switch (method.getName()) {
            case "toString":
                return "samlive";
            case "hashCode":
                return System.identityHashCode(self);
            case "equals":
                return self == given[0];
            default:
                return null;
        }
    }

    private static Object log(Object self, Method method, Object[] given) {
        if (!method.getName().equals("log")) {
            return common(self, method, given);
        }
        Object text = given[0];
        byte[] bytes = text instanceof byte[] ? (byte[]) text : null;
        String line = bytes == null ? String.valueOf(text) : new String(bytes, StandardCharsets.UTF_8);
        System.out.print(line.endsWith("\n") ? line : line + "\n");
        System.out.flush();
        return null;
    }

    private static Object proxy(ClassLoader loader, String name, InvocationHandler handler) {
        try {
            Class<?> face = Class.forName(Handler.CORE + name, false, loader);
            return Proxy.newProxyInstance(loader, new Class<?>[] {face}, handler);
        } catch (ClassNotFoundException problem) {
            return null;
        }
    }

    private static Object identity(String text, ClassLoader loader) {
        Map<?, ?> found = text == null ? Collections.emptyMap() : (Map<?, ?>) Json.read(text);
        Object id = found.containsKey("identity_id")
                ? found.get("identity_id")
                : found.get("cognitoIdentityId");
        Object pool = found.containsKey("identity_pool_id")
                ? found.get("identity_pool_id")
                : found.get("cognitoIdentityPoolId");
        Map<String, Object> values = new HashMap<>();
        values.put("getIdentityId", id == null ? "" : id);
        values.put("getIdentityPoolId", pool == null ? "" : pool);
        return proxy(loader, "CognitoIdentity", reading(values));
    }

    private static Object client(String text, ClassLoader loader) {
        if (text == null) {
            return null;
        }
        Map<?, ?> found = (Map<?, ?>) Json.read(text);
        Map<?, ?> app = found.get("client") instanceof Map
                ? (Map<?, ?>) found.get("client")
                : Collections.emptyMap();
        Map<String, Object> about = new HashMap<>();
        about.put("getInstallationId", app.get("installation_id"));
        about.put("getAppTitle", app.get("app_title"));
        about.put("getAppVersionName", app.get("app_version_name"));
        about.put("getAppVersionCode", app.get("app_version_code"));
        about.put("getAppPackageName", app.get("app_package_name"));
        Map<String, Object> values = new HashMap<>();
        values.put("getClient", proxy(loader, "Client", reading(about)));
        values.put("getCustom", found.get("custom"));
        values.put("getEnvironment", found.get("env"));
        return proxy(loader, "ClientContext", reading(values));
    }

    private static InvocationHandler reading(Map<String, Object> values) {
        return (self, method, given) ->
                values.containsKey(method.getName())
                        ? values.get(method.getName())
                        : common(self, method, given);
    }
}

/*
 * Runs one Java function: takes invocations from the Runtime API and posts its answers.
 *
 * It stands in where AWS's own runtime interface client is not at hand. Of the JDK's classes
 * only, compiled once per JDK; what a handler may look like (RequestHandler,
 * RequestStreamHandler, a method of a plain class), how JSON becomes objects and how an
 * exception is answered follow the managed runtime. The interfaces of aws-lambda-java-core
 * are met through reflection, as they come with the function.
 *
 *     Main      the loop: next, call, answer
 *     Handler   which method is meant, and what it is given
 *     Bind      JSON values <-> Java objects
 *     Json      text <-> JSON values
 *     Api       HTTP on one connection
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/java-handler.html
 */
package samlive.runner;

import java.io.IOException;

public final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Api api = new Api(System.getenv("AWS_LAMBDA_RUNTIME_API"));
        Handler handler;
        try {
            handler = Handler.load(arguments[0]);
        } catch (Throwable problem) {
            Fault.print(problem);
            api.post("init/error", Fault.json(problem));
            System.exit(1);
            return;
        }
        while (true) {
            Api.Reply next;
            try {
                next = api.get("invocation/next");
            } catch (IOException closed) {
                System.exit(0);
                return;
            }
            String id = next.header("lambda-runtime-aws-request-id");
            String trace = next.header("lambda-runtime-trace-id");
            if (trace != null) {
                System.setProperty("com.amazonaws.xray.traceHeader", trace);
            }
            String path = "invocation/" + id + "/";
            byte[] answer;
            try {
                answer = handler.call(next);
                path += "response";
            } catch (Throwable problem) {
                Fault.print(problem);
                answer = Fault.json(problem);
                path += "error";
            }
            System.out.flush();
            System.err.flush();
            api.post(path, answer);
        }
    }
}

// Does what the event says.

const VERSION = "one";
let calls = 0;

class LabError extends Error {
  constructor(message) {
    super(message);
    this.name = "LabError";
  }
}

export const handler = async (event, context) => {
  calls += 1;
  if (event.action === "echo") return { echo: event.value, version: VERSION, calls };
  if (event.action === "fail") throw new LabError(event.message);
  if (event.action === "exit") process.exit(event.status);
  if (event.action === "repeat") return event.value.repeat(event.times);
  if (event.action === "context")
    return {
      name: context.functionName,
      arn: context.invokedFunctionArn,
      memory: context.memoryLimitInMB,
      remaining: context.getRemainingTimeInMillis(),
      request: context.awsRequestId,
      log_stream: context.logStreamName,
    };
  throw new Error(event.action);
};

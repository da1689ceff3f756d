/** The context object: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
import { isModern } from "./generation.mjs";

/**
 * Return the fields that every handler's context has.
 * @param {object} headers headers of /next
 */
export function makeContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const { env } = process;
  const trace = isModern() ? { xRayTraceId: headers["lambda-runtime-trace-id"] } : {};
  return {
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parse(headers["lambda-runtime-client-context"]),
    identity: parse(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    ...trace,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/**
 * Return the context of runtimes that have callbacks.
 * @param {object} headers headers of /next
 * @param {Function} settled called with error and value when one of them was told
 */
export function makeOldContext(headers, settled) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    done: settled,
    succeed: (value) => settled(null, value),
    fail: (error) => settled(error ?? "handled"),
    ...makeContext(headers),
  };
}

function parse(text) {
  return text ? JSON.parse(text) : undefined;
}

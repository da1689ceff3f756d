/** The context object: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */

/**
 * @param {object} headers headers of /next
 * @param {Function} done callback for the old done/succeed/fail
 */
export function makeContext(headers, done) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const { env } = process;
  return {
    callbackWaitsForEmptyEventLoop: true,
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
    getRemainingTimeInMillis: () => deadline - Date.now(),
    done,
    succeed: (value) => done(null, value),
    fail: (error) => done(error ?? new Error("handled")),
  };
}

function parse(text) {
  return text ? JSON.parse(text) : undefined;
}

/**
 * Which of AWS's two Node.js runtimes a function is to see: with nodejs24.x
 * callbacks went, and with them what the context had for them, and the handlers
 * that turned uncaught errors into answers.
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
 */

/** Tell whether the function's runtime is nodejs24.x or newer. */
export function isModern() {
  const found = /^AWS_Lambda_nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "");
  return found !== null && Number(found[1]) >= 24;
}

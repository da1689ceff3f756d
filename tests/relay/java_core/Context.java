package com.amazonaws.services.lambda.runtime;

public interface Context {
    String getAwsRequestId();
    String getFunctionName();
    String getInvokedFunctionArn();
    CognitoIdentity getIdentity();
    ClientContext getClientContext();
    int getRemainingTimeInMillis();
    int getMemoryLimitInMB();
    LambdaLogger getLogger();
}

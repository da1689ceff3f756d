package com.amazonaws.services.lambda.runtime;

public interface ClientContext {
    java.util.Map<String, String> getCustom();
}

"""The texts samlive writes: stub code, policies, the macro's stack, editor files."""

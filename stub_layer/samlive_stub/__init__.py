"""What runs in Lambda in place of the developer's code; standard library only."""

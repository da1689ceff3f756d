"""Ways to the broker; `link` says what every one of them does."""

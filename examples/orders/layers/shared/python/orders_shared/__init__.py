"""What every function of the project uses: logging, money, HTTP answers."""

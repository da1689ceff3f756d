"""AWS IoT's limits and the network's faults, imposed on the emulator's broker."""

//! The sans-IO selective forwarding unit: packets in, packets out, no socket, clock or thread.

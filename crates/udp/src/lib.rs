//! Sockets, batches and the worker thread around the sans-IO engine.

"""What we decided, as events: append, read, verify; and the outbox of what those decisions send out."""

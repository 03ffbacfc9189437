"""What HTTP/1.1 says of odd messages, as tables: each case is what is sent and what must come of it."""

"""What a person (or a script) can decide. One module a domain; importing this package registers every action."""

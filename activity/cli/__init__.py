"""The selfback command: one module per subcommand."""

"""What tests and benchmarks share: boards, bad lines, servers; real processes and terminals."""

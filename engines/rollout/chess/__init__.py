"""Chess on arrays, compiled: the board, the rules, what the policy is told, forced mates and solved endings."""
